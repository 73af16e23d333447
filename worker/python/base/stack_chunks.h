// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstddef>

namespace geventd::py {

/// Gives CPython SharedPages for the frame stacks of greenlets. CPython 3.11 and newer take the
/// frame stack of each new greenlet, 16 KiB, from the arena allocator. By default that means an
/// mmap, page faults and a munmap for every request: more than half of a small request's cost.
/// Other sizes pass through. Thread-safe: frame stacks of other threads come from here, too.
/// Lives in: template, worker, check. Made once, when Python runs, and kept as long as that.
class StackChunks {
  public:
    /// Replaces CPython's arena allocator, and calls that for other sizes.
    StackChunks();
    StackChunks(const StackChunks&) = delete;
    StackChunks& operator=(const StackChunks&) = delete;
    ~StackChunks() = default;

  private:
    static void* take(void* self, std::size_t size);
    static void give(void* self, void* chunk, std::size_t size);

    PyObjectArenaAllocator system_{};
};

}  // namespace geventd::py
