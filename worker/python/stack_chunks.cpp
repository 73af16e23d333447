// SPDX-License-Identifier: MIT
#include "worker/python/stack_chunks.h"

#include <Python.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace geventd::py {

namespace {

constexpr std::size_t kChunk = 16 << 10;
constexpr std::size_t kMostKept = 1024;

// The stock is touched with the GIL held nearly always; the flag makes the rest safe too. Who
// finds it taken goes to the system instead of waiting.
struct Stock {
    std::atomic_flag taken = ATOMIC_FLAG_INIT;
    std::size_t count = 0;
    std::array<void*, kMostKept> chunks{};
    PyObjectArenaAllocator system{};
};

constinit Stock stock;

void* take_chunk(void*, std::size_t size) {
    void* chunk = nullptr;
    if (size == kChunk && !stock.taken.test_and_set(std::memory_order_acquire)) {
        if (stock.count > 0) {
            chunk = stock.chunks[--stock.count];
        }
        stock.taken.clear(std::memory_order_release);
    }
    return chunk != nullptr ? chunk : stock.system.alloc(stock.system.ctx, size);
}

void give_chunk(void*, void* chunk, std::size_t size) {
    if (size == kChunk && !stock.taken.test_and_set(std::memory_order_acquire)) {
        const bool kept = stock.count < kMostKept;
        if (kept) {
            stock.chunks[stock.count++] = chunk;
        }
        stock.taken.clear(std::memory_order_release);
        if (kept) {
            return;
        }
    }
    stock.system.free(stock.system.ctx, chunk, size);
}

}  // namespace

void install_stack_chunk_cache() {
    PyObject_GetArenaAllocator(&stock.system);
    PyObjectArenaAllocator cached{nullptr, take_chunk, give_chunk};
    PyObject_SetArenaAllocator(&cached);
}

}  // namespace geventd::py
