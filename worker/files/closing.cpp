// SPDX-License-Identifier: MIT
#include "worker/files/closing.h"

#include <algorithm>
#include <new>
#include <utility>

namespace geventd::worker {

namespace {

// Ends the thing in a thread of the pool: there the task, its only owner, is destroyed.
template <typename Thing>
void end_in(DiskPool& pool, std::shared_ptr<Thing> thing) noexcept {
    try {
        pool.run([last = std::move(thing)] {}, DiskPool::Urgency::Transfer);
    } catch (const std::bad_alloc&) {  // it has ended in this thread
    }
}

bool has_files(const Found& found) {
    return std::any_of(found.variants.begin(), found.variants.end(),
                       [](const Variant& variant) { return !variant.is_held(); });
}

}  // namespace

void close_in(DiskPool& pool, UniqueFd fd) noexcept {
    try {
        if (fd) {
            end_in(pool, std::make_shared<UniqueFd>(std::move(fd)));
        }
    } catch (const std::bad_alloc&) {  // closed in this thread
    }
}

std::shared_ptr<const Found> share(Found found, const DiskPool& pool) {
    auto owner = std::make_shared<const Found>(std::move(found));
    if (!has_files(*owner)) {
        return owner;
    }
    const Found* const bare = owner.get();
    return {bare, [owner = std::move(owner), handle = pool.handle()](const Found*) mutable {
                if (const auto living = handle.lock()) {
                    end_in(*living, std::move(owner));
                }
            }};
}

}  // namespace geventd::worker
