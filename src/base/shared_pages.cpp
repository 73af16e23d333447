// SPDX-License-Identifier: MIT
#include "base/shared_pages.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include <pthread.h>

namespace geventd {

namespace {

constexpr std::size_t kPage = 4096;

std::size_t offset_in_page(const void* place) {
    return reinterpret_cast<std::uintptr_t>(place) % kPage;
}

}  // namespace

/// The head of a mapping: then come the corners and the chunk.
struct alignas(std::max_align_t) SharedPages::Block {
    struct Corner {
        Block* next;
        Block* previous;
        bool used;
    };

    std::array<Corner, kCorners.size()> corners;
    bool chunk_used;
    bool kept;  ///< in the stock

    static constexpr std::size_t kSize = kChunk + kPage;

    // Neither corners nor chunks begin with a page, so that they can be told from the system's.
    static constexpr std::size_t offset(std::size_t kind) {
        return kind == 0 ? 64 : offset(kind - 1) + kCorners[kind - 1];
    }

    static constexpr std::size_t chunk_offset() { return offset(kCorners.size()); }

    char* at(std::size_t offset) { return reinterpret_cast<char*>(this) + offset; }

    [[nodiscard]] bool has_used_corner() const {
        return std::any_of(corners.begin(), corners.end(),
                           [](const Corner& corner) { return corner.used; });
    }

    static Block& around(void* place) {
        return *reinterpret_cast<Block*>(static_cast<char*>(place) - offset_in_page(place));
    }
};

/// Held for some instructions. Nobody waits for long: nearly all uses have the GIL, too.
class SharedPages::Lock {
  public:
    explicit Lock(std::atomic_flag& taken) : taken_(taken) {
        while (taken_.test_and_set(std::memory_order_acquire)) {
            sched_yield();
        }
    }

    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    ~Lock() { taken_.clear(std::memory_order_release); }

  private:
    std::atomic_flag& taken_;
};

SharedPages& SharedPages::of_process() {
    // Never destroyed: threads may end after the functions of atexit.
    alignas(SharedPages) static std::byte place[sizeof(SharedPages)];
    static auto* pages = new (place) SharedPages;
    return *pages;
}

SharedPages::SharedPages() {
    static_assert(sizeof(Block) <= Block::offset(0) && Block::chunk_offset() < kPage);
    pthread_atfork(nullptr, nullptr, [] {
        SharedPages& pages = of_process();
        pages.lists_lost_ |= pages.taken_.test_and_set(std::memory_order_acquire);
        pages.taken_.clear(std::memory_order_release);
    });
}

void* SharedPages::take_chunk() {
    const Lock lock(taken_);
    Block* block = count_ > 0 && !lists_lost_ ? kept_[--count_] : map_block();
    if (block == nullptr) {
        return nullptr;
    }
    block->kept = false;
    block->chunk_used = true;
    return block->at(Block::chunk_offset());
}

void SharedPages::give_chunk(void* chunk) {
    const Lock lock(taken_);
    Block& block = Block::around(chunk);
    block.chunk_used = false;
    keep_or_release(block);
}

bool SharedPages::is_chunk(const void* chunk) {
    return offset_in_page(chunk) == Block::chunk_offset();
}

void* SharedPages::take_corner(std::size_t size) {
    const Lock lock(taken_);
    const auto* fits = std::lower_bound(kCorners.begin(), kCorners.end(), size);
    const auto kind = static_cast<std::size_t>(fits - kCorners.begin());
    if (fits == kCorners.end() || corners_[kind] == nullptr || lists_lost_) {
        return nullptr;
    }
    Block& block = *corners_[kind];
    unlink(block, kind);
    block.corners[kind].used = true;
    return block.at(Block::offset(kind));
}

void SharedPages::give_corner(void* corner) {
    const Lock lock(taken_);
    Block& block = Block::around(corner);
    std::size_t kind = 0;
    while (Block::offset(kind) != offset_in_page(corner)) {
        ++kind;
    }
    block.corners[kind].used = false;
    link(block, kind);
    if (!block.chunk_used && !block.kept) {
        keep_or_release(block);
    }
}

SharedPages::Block* SharedPages::map_block() {
    void* mapped =
        mmap(nullptr, Block::kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return nullptr;
    }
    auto* block = new (mapped) Block{};
    for (std::size_t kind = 0; kind < kCorners.size(); ++kind) {
        link(*block, kind);
    }
    return block;
}

void SharedPages::link(Block& block, std::size_t kind) {
    if (lists_lost_) {
        return;
    }
    block.corners[kind] = {corners_[kind], nullptr, false};
    if (corners_[kind] != nullptr) {
        corners_[kind]->corners[kind].previous = &block;
    }
    corners_[kind] = &block;
}

void SharedPages::unlink(Block& block, std::size_t kind) {
    const Block::Corner& corner = block.corners[kind];
    (corner.previous != nullptr ? corner.previous->corners[kind].next : corners_[kind]) =
        corner.next;
    if (corner.next != nullptr) {
        corner.next->corners[kind].previous = corner.previous;
    }
}

// A block whose chunk is free.
void SharedPages::keep_or_release(Block& block) {
    if (count_ < kMostKept && !lists_lost_) {
        block.kept = true;
        kept_[count_++] = &block;
    } else if (block.has_used_corner() || lists_lost_) {
        madvise(block.at(kPage), Block::kSize - kPage, MADV_DONTNEED);
    } else {
        for (std::size_t kind = 0; kind < kCorners.size(); ++kind) {
            unlink(block, kind);
        }
        munmap(&block, Block::kSize);
    }
}

}  // namespace geventd
