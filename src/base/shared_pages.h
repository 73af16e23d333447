// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace geventd {

/// Memory for CPython's stacks of frames: chunks of 16 KiB, of which a greenlet that waits mostly
/// has used some hundred bytes at the beginning. So a chunk does not begin with a page but behind
/// corners of one, in which other objects of a request find room. A bounded stock of free chunks
/// saves system calls. One for the process, as CPython's allocator is. Thread-safe, and usable in
/// forked children. AddressSanitizer is told which corners are free.
class SharedPages {
  public:
    static constexpr std::size_t kChunk = 16 << 10;
    static constexpr std::size_t kMostKept = 1024;  ///< free chunks

    /// Bytes of the corners of each page, the smaller ones first: of a connection and a request.
    static constexpr std::array<std::size_t, 2> kCorners{480, 1232};

    static SharedPages& of_process();

    SharedPages(const SharedPages&) = delete;
    SharedPages& operator=(const SharedPages&) = delete;
    ~SharedPages() = default;

    /// kChunk bytes; null when the system has none.
    void* take_chunk();

    /// REQUIRES: is_chunk(chunk).
    void give_chunk(void* chunk);

    /// Whether take_chunk() has returned it. REQUIRES: it did, or it begins with a page.
    static bool is_chunk(const void* chunk);

    /// That many bytes, aligned for any object; null when no corner of that size is free.
    void* take_corner(std::size_t size);

    /// REQUIRES: take_corner() has returned it.
    void give_corner(void* corner);

  private:
    struct Block;
    class Lock;

    /// Blocks, linked both ways by one of their links.
    struct List {
        std::size_t link;
        Block* first = nullptr;
    };

    SharedPages();

    static void add(List& list, Block& block);
    static void remove(List& list, Block& block);
    Block* map_block();
    void release(Block& block);
    void put_away(Block& block);

    std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
    std::array<List, kCorners.size()> corners_{{{0}, {1}}};  ///< whose corner is free
    List kept_{kCorners.size()};                             ///< whose chunk is free
    List trimmed_{kCorners.size()};  ///< likewise, and has no memory behind its first page
    std::size_t kept_count_ = 0;
};

}  // namespace geventd
