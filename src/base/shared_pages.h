// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace geventd {

/// Memory for CPython's stacks of frames: chunks of 16 KiB, of which a greenlet that waits mostly
/// has used some hundred bytes at the beginning. So a chunk does not begin with a page but behind
/// corners of one, in which other objects of a request find room. A bounded stock of free chunks
/// saves the system calls. One for the process, as CPython's allocator is. Thread-safe, and usable
/// in forked children.
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

    SharedPages();

    Block* map_block();
    void link(Block& block, std::size_t kind);
    void unlink(Block& block, std::size_t kind);
    void keep_or_release(Block& block);

    std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
    std::size_t count_ = 0;
    std::array<Block*, kMostKept> kept_{};           ///< whose chunk is free
    std::array<Block*, kCorners.size()> corners_{};  ///< whose corner is free, linked both ways
    bool lists_lost_ = false;  ///< another thread was changing them when this process was forked
};

}  // namespace geventd
