// SPDX-License-Identifier: MIT
#include "worker/python/base/stack_chunks.h"

#include "base/shared_pages.h"

namespace geventd::py {

StackChunks::StackChunks() {
    PyObject_GetArenaAllocator(&system_);
    PyObjectArenaAllocator shared{this, take, give};
    PyObject_SetArenaAllocator(&shared);
}

void* StackChunks::take(void* self, std::size_t size) {
    const auto& system = static_cast<StackChunks*>(self)->system_;
    return size == SharedPages::kChunk ? SharedPages::of_process().take_chunk()
                                       : system.alloc(system.ctx, size);
}

// Chunks that CPython took before the allocator was replaced begin with a page, as all of mmap's.
void StackChunks::give(void* self, void* chunk, std::size_t size) {
    const auto& system = static_cast<StackChunks*>(self)->system_;
    if (size == SharedPages::kChunk && SharedPages::is_chunk(chunk)) {
        SharedPages::of_process().give_chunk(chunk);
    } else {
        system.free(system.ctx, chunk, size);
    }
}

}  // namespace geventd::py
