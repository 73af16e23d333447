// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace geventd::py {

/// Keeps a bounded stock of freed 16 KiB arenas. CPython 3.11 takes the frame stack of each new
/// greenlet, which has that size, from the arena allocator. By default that means an mmap, page
/// faults and a munmap for every request: more than half of a small request's cost. Other sizes
/// pass through. Thread-safe: frame stacks of other threads come from here, too.
/// Lives in: template, worker, check. Made once, when Python runs, and kept as long as that.
class StackChunks {
  public:
    /// Replaces CPython's arena allocator, and calls that when the stock cannot serve.
    StackChunks();
    StackChunks(const StackChunks&) = delete;
    StackChunks& operator=(const StackChunks&) = delete;
    ~StackChunks() = default;

  private:
    static constexpr std::size_t kMostKept = 1024;

    static void* take(void* self, std::size_t size);
    static void give(void* self, void* chunk, std::size_t size);

    // The stock is nearly always used with the GIL held; the flag protects the other uses. If it is
    // taken, the caller uses CPython's allocator instead of waiting.
    std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
    std::size_t count_ = 0;
    std::array<void*, kMostKept> chunks_{};
    PyObjectArenaAllocator system_{};
};

}  // namespace geventd::py
