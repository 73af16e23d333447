// SPDX-License-Identifier: MIT
#include "base/shared_pages.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include <pthread.h>

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace geventd {

namespace {

constexpr std::size_t kPage = 4096;

std::size_t offset_in_page(const void* place) {
    return reinterpret_cast<std::uintptr_t>(place) % kPage;
}

}  // namespace

/// The head of a mapping: then come the corners and the chunk.
struct alignas(std::max_align_t) SharedPages::Block {
    struct Link {
        Block* next;
        Block* previous;
    };

    enum class Chunk : std::uint8_t { Used, Kept, Trimmed };

    std::array<Link, kCorners.size() + 1> links;
    std::array<bool, kCorners.size()> corner_used;
    Chunk chunk;

    static constexpr std::size_t kSize = kChunk + kPage;

    // Neither corners nor chunks begin with a page, so that they can be told from the system's.
    static constexpr std::size_t offset(std::size_t kind) {
        return kind == 0 ? 64 : offset(kind - 1) + kCorners[kind - 1];
    }

    static constexpr std::size_t chunk_offset() { return offset(kCorners.size()); }

    char* at(std::size_t offset) { return reinterpret_cast<char*>(this) + offset; }

    [[nodiscard]] bool has_used_corner() const {
        return std::find(corner_used.begin(), corner_used.end(), true) != corner_used.end();
    }

    static Block& around(void* place) {
        return *reinterpret_cast<Block*>(static_cast<char*>(place) - offset_in_page(place));
    }
};

/// Held for a system call at most. Nobody waits for it: nearly all uses have the GIL, too.
class SharedPages::Lock {
  public:
    explicit Lock(std::atomic_flag& taken) : taken_(taken) { lock(taken_); }

    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    ~Lock() { taken_.clear(std::memory_order_release); }

    static void lock(std::atomic_flag& taken) {
        while (taken.test_and_set(std::memory_order_acquire)) {
            sched_yield();
        }
    }

  private:
    std::atomic_flag& taken_;
};

SharedPages& SharedPages::of_process() {
    // Never destroyed: threads may end after the functions of atexit.
    alignas(SharedPages) static std::byte place[sizeof(SharedPages)];
    static auto* pages = new (place) SharedPages;
    return *pages;
}

// The lock is held over each fork, so that no child has a list that another thread was changing.
SharedPages::SharedPages() {
    static_assert(sizeof(Block) <= Block::offset(0) && Block::chunk_offset() < kPage);
    const auto unlock = [] { of_process().taken_.clear(std::memory_order_release); };
    if (pthread_atfork([] { Lock::lock(of_process().taken_); }, unlock, unlock) != 0) {
        throw std::bad_alloc();
    }
}

void* SharedPages::take_chunk() {
    const Lock lock(taken_);
    Block* block = kept_.first;
    if (block != nullptr) {
        remove(kept_, *block);
        --kept_count_;
    } else if ((block = trimmed_.first) != nullptr) {
        remove(trimmed_, *block);
    } else if ((block = map_block()) == nullptr) {
        return nullptr;
    }
    block->chunk = Block::Chunk::Used;
    return block->at(Block::chunk_offset());
}

void SharedPages::give_chunk(void* chunk) {
    const Lock lock(taken_);
    put_away(Block::around(chunk));
}

bool SharedPages::is_chunk(const void* chunk) {
    return offset_in_page(chunk) == Block::chunk_offset();
}

void* SharedPages::take_corner(std::size_t size) {
    const Lock lock(taken_);
    const auto* fits = std::lower_bound(kCorners.begin(), kCorners.end(), size);
    const auto kind = static_cast<std::size_t>(fits - kCorners.begin());
    if (fits == kCorners.end() || corners_[kind].first == nullptr) {
        return nullptr;
    }
    Block& block = *corners_[kind].first;
    remove(corners_[kind], block);
    block.corner_used[kind] = true;
    char* corner = block.at(Block::offset(kind));
    ASAN_UNPOISON_MEMORY_REGION(corner, kCorners[kind]);
    return corner;
}

void SharedPages::give_corner(void* corner) {
    const Lock lock(taken_);
    Block& block = Block::around(corner);
    std::size_t kind = 0;
    while (Block::offset(kind) != offset_in_page(corner)) {
        ++kind;
    }
    ASAN_POISON_MEMORY_REGION(corner, kCorners[kind]);
    block.corner_used[kind] = false;
    add(corners_[kind], block);
    if (block.chunk == Block::Chunk::Trimmed && !block.has_used_corner()) {
        remove(trimmed_, block);
        release(block);
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
        add(corners_[kind], *block);
        ASAN_POISON_MEMORY_REGION(block->at(Block::offset(kind)), kCorners[kind]);
    }
    return block;
}

// REQUIRES: none of it is in use, and its chunk in no list.
void SharedPages::release(Block& block) {
    for (List& corners : corners_) {
        remove(corners, block);
    }
    ASAN_UNPOISON_MEMORY_REGION(&block, kPage);
    munmap(&block, Block::kSize);
}

// A block whose chunk is free from now on.
void SharedPages::put_away(Block& block) {
    if (kept_count_ < kMostKept) {
        block.chunk = Block::Chunk::Kept;
        add(kept_, block);
        ++kept_count_;
    } else if (block.has_used_corner()) {
        block.chunk = Block::Chunk::Trimmed;
        add(trimmed_, block);
        madvise(block.at(kPage), Block::kSize - kPage, MADV_DONTNEED);
    } else {
        release(block);
    }
}

void SharedPages::add(List& list, Block& block) {
    block.links[list.link] = {list.first, nullptr};
    if (list.first != nullptr) {
        list.first->links[list.link].previous = &block;
    }
    list.first = &block;
}

void SharedPages::remove(List& list, Block& block) {
    const Block::Link& link = block.links[list.link];
    (link.previous != nullptr ? link.previous->links[list.link].next : list.first) = link.next;
    if (link.next != nullptr) {
        link.next->links[list.link].previous = link.previous;
    }
}

}  // namespace geventd
