// SPDX-License-Identifier: MIT
#include "worker/files/file_cache.h"

#include <iterator>
#include <utility>

namespace geventd::worker {

const std::shared_ptr<const Found>* FileCache::find(std::string_view path, TimePoint now) const {
    const auto place = by_path_.find(path);
    return place == by_path_.end() || now >= place->second->end ? nullptr : &place->second->found;
}

void FileCache::put(std::string path, std::shared_ptr<const Found> found, TimePoint now) {
    drop_old(now);
    if (const auto former = by_path_.find(path); former != by_path_.end()) {
        weigh(*former->second->found, false);
        const auto entry = former->second;
        by_path_.erase(former);
        entries_.erase(entry);
    }
    entries_.push_back({std::move(path), std::move(found), now + kValid});
    try {
        by_path_.emplace(entries_.back().path, std::prev(entries_.end()));
    } catch (...) {
        entries_.pop_back();
        throw;
    }
    weigh(*entries_.back().found, true);
    while (is_over_full() && entries_.size() > 1) {
        drop_first();
    }
}

void FileCache::drop_old(TimePoint now) {
    while (!entries_.empty() && now >= entries_.front().end) {
        drop_first();
    }
}

void FileCache::clear() {
    while (!entries_.empty()) {
        drop_first();
    }
}

void FileCache::drop_first() {
    weigh(*entries_.front().found, false);
    by_path_.erase(entries_.front().path);
    entries_.pop_front();
}

void FileCache::weigh(const Found& found, bool in) {
    for (const Variant& variant : found.variants) {
        const std::size_t files = variant.is_held() ? 0 : 1;
        const std::size_t bytes = variant.content.size();
        files_ = in ? files_ + files : files_ - files;
        content_ = in ? content_ + bytes : content_ - bytes;
    }
}

}  // namespace geventd::worker
