// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace geventd::py {

/// Keeps a bounded stock of freed 16 KiB arenas. CPython 3.11 gives each new greenlet a frame
/// stack of that size and takes it from the arena allocator, which by default means an mmap, page
/// faults and a munmap for every request: more than half of a small request's cost. Other sizes
/// pass through. Thread-safe: other threads' frame stacks come from here too.
/// Lives in: template, worker, check. Made once, before the interpreter starts, and kept for as
/// long as Python runs.
class StackChunks {
  public:
    /// Takes the place of CPython's allocator, which goes on behind this one.
    StackChunks();
    StackChunks(const StackChunks&) = delete;
    StackChunks& operator=(const StackChunks&) = delete;
    ~StackChunks() = default;

  private:
    static constexpr std::size_t kMostKept = 1024;

    static void* take(void* self, std::size_t size);
    static void give(void* self, void* chunk, std::size_t size);

    // The stock is touched with the GIL held nearly always; the flag makes the rest safe too. Who
    // finds it taken goes to the system instead of waiting.
    std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
    std::size_t count_ = 0;
    std::array<void*, kMostKept> chunks_{};
    PyObjectArenaAllocator system_{};
};

}  // namespace geventd::py
