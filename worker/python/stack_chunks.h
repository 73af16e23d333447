// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::py {

/// Keeps a bounded stock of freed 16 KiB arenas. CPython 3.11 gives each new greenlet a frame
/// stack of that size and takes it from the arena allocator, which by default means an mmap, page
/// faults and a munmap for every request: more than half of a small request's cost. Other sizes
/// pass through. Thread-safe: other threads' frame stacks come from here too.
/// Call once, before the interpreter starts.
void install_stack_chunk_cache();

}  // namespace geventd::py
