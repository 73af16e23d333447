// SPDX-License-Identifier: MIT
#include "base/shared_pages.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace geventd {
namespace {

// The pages are the process', so each test gives back what it takes.
SharedPages& pages() {
    return SharedPages::of_process();
}

std::vector<void*> take_chunks(std::size_t count) {
    std::vector<void*> chunks;
    for (std::size_t number = 0; number < count; ++number) {
        chunks.push_back(pages().take_chunk());
        std::memset(chunks.back(), 'c', SharedPages::kChunk);
    }
    return chunks;
}

void give_chunks(const std::vector<void*>& chunks) {
    for (void* chunk : chunks) {
        pages().give_chunk(chunk);
    }
}

constexpr std::size_t kCorner = SharedPages::kCorners[1];

/// All corners of that size that are free.
std::vector<void*> take_corners(std::size_t size = kCorner) {
    std::vector<void*> corners;
    while (void* corner = pages().take_corner(size)) {
        std::memset(corner, 'k', size);
        corners.push_back(corner);
    }
    return corners;
}

void give_corners(const std::vector<void*>& corners) {
    for (void* corner : corners) {
        pages().give_corner(corner);
    }
}

bool is_full_of(const void* bytes, char value, std::size_t size) {
    const auto* begin = static_cast<const char*>(bytes);
    return *begin == value && std::memcmp(begin, begin + 1, size - 1) == 0;
}

bool is_mapped(void* address) {
    unsigned char present = 0;
    auto* page = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) & ~4095UL);
    return mincore(page, 1, &present) == 0;
}

TEST(SharedPages, ChunksAndCornersAreApart) {
    const auto chunks = take_chunks(3);
    const auto corners = take_corners();
    const auto small_ones = take_corners(SharedPages::kCorners[0]);
    ASSERT_GE(corners.size(), 3);
    ASSERT_GE(small_ones.size(), 3);
    for (const void* chunk : chunks) {
        EXPECT_TRUE(SharedPages::is_chunk(chunk));
        EXPECT_TRUE(is_full_of(chunk, 'c', SharedPages::kChunk));
    }
    for (const void* corner : corners) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(corner) % alignof(std::max_align_t), 0);
        EXPECT_TRUE(is_full_of(corner, 'k', kCorner));
    }
    for (const void* corner : small_ones) {
        EXPECT_TRUE(is_full_of(corner, 'k', SharedPages::kCorners[0]));
    }
    give_corners(corners);
    give_corners(small_ones);
    give_chunks(chunks);
}

TEST(SharedPages, NoCornerIsLargerThanTheLargest) {
    const auto chunks = take_chunks(1);
    EXPECT_EQ(pages().take_corner(kCorner + 1), nullptr);
    give_chunks(chunks);
}

TEST(SharedPages, ACornerLiesInTheFirstPageOfAChunk) {
    const auto chunks = take_chunks(2);
    std::set<std::uintptr_t> first_pages;
    for (const void* chunk : chunks) {
        first_pages.insert(reinterpret_cast<std::uintptr_t>(chunk) / 4096);
    }
    const auto corners = take_corners();
    std::size_t found = 0;
    for (const void* corner : corners) {
        found += first_pages.count(reinterpret_cast<std::uintptr_t>(corner) / 4096);
    }
    EXPECT_EQ(found, 2);
    give_corners(corners);
    give_chunks(chunks);
}

TEST(SharedPages, TakesTheLastOneAgain) {
    void* chunk = pages().take_chunk();
    pages().give_chunk(chunk);
    EXPECT_EQ(pages().take_chunk(), chunk);
    pages().give_chunk(chunk);
}

TEST(SharedPages, ACornerStaysWhereItsChunkIsGivenBackAndTakenAgain) {
    void* chunk = pages().take_chunk();
    const auto corners = take_corners();
    pages().give_chunk(chunk);
    EXPECT_EQ(pages().take_chunk(), chunk);
    std::memset(chunk, 'd', SharedPages::kChunk);
    for (const void* corner : corners) {
        EXPECT_TRUE(is_full_of(corner, 'k', kCorner));
    }
    EXPECT_EQ(pages().take_corner(kCorner), nullptr);
    give_corners(corners);
    pages().give_chunk(chunk);
}

TEST(SharedPages, GivesBackToTheSystemWhatIsBeyondItsStock) {
    const auto chunks = take_chunks(SharedPages::kMostKept + 2);
    const auto corners = take_corners();
    give_chunks(chunks);  // the last two are not kept, but their corners are in use
    EXPECT_TRUE(is_mapped(chunks.back()));
    for (const void* corner : corners) {
        EXPECT_TRUE(is_full_of(corner, 'k', kCorner));
    }
    give_corners(corners);
    EXPECT_FALSE(is_mapped(chunks.back()));
    EXPECT_FALSE(is_mapped(chunks[chunks.size() - 2]));
    EXPECT_TRUE(is_mapped(chunks.front()));
}

TEST(SharedPages, TellsChunksOfTheSystemFromItsOwn) {
    void* mapped = mmap(nullptr, SharedPages::kChunk, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_FALSE(SharedPages::is_chunk(mapped));
    munmap(mapped, SharedPages::kChunk);
}

TEST(SharedPages, UsesAChunkThatWasNotKeptBeforeANewOne) {
    auto chunks = take_chunks(SharedPages::kMostKept + 1);
    const auto corners = take_corners();
    give_chunks(chunks);
    void* const last = chunks.back();
    chunks.pop_back();
    take_chunks(SharedPages::kMostKept);
    EXPECT_EQ(pages().take_chunk(), last);
    pages().give_chunk(last);
    give_chunks(chunks);
    give_corners(corners);
}

// Takes and gives back; false if somebody else has written there meanwhile.
bool use_alone(char mark) {
    void* chunk = pages().take_chunk();
    void* corner = pages().take_corner(kCorner);
    std::memset(chunk, mark, 64);
    if (corner != nullptr) {
        std::memset(corner, mark, kCorner);
    }
    std::this_thread::yield();
    const bool is_alone =
        is_full_of(chunk, mark, 64) && (corner == nullptr || is_full_of(corner, mark, kCorner));
    if (corner != nullptr) {
        pages().give_corner(corner);
    }
    pages().give_chunk(chunk);
    return is_alone;
}

TEST(SharedPages, ServesThreadsAtOnceAndTheirForkedChildren) {
    std::atomic<bool> ended = false;
    std::atomic<int> disturbed = 0;
    std::vector<std::thread> threads;
    for (const char mark : {'1', '2', '3'}) {
        threads.emplace_back([&ended, &disturbed, mark] {
            while (!ended) {
                disturbed += use_alone(mark) ? 0 : 1;
            }
        });
    }
    for (int number = 0; number < 50; ++number) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(use_alone('c') ? 0 : 1);
        }
        int status = -1;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    ended = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(disturbed, 0);
}

}  // namespace
}  // namespace geventd
