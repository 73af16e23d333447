// SPDX-License-Identifier: MIT
#include "worker/python/base/stack_chunks.h"

namespace geventd::py {

namespace {

constexpr std::size_t kChunk = 16 << 10;

}  // namespace

StackChunks::StackChunks() {
    PyObject_GetArenaAllocator(&system_);
    PyObjectArenaAllocator cached{this, take, give};
    PyObject_SetArenaAllocator(&cached);
}

void* StackChunks::take(void* self, std::size_t size) {
    auto& stock = *static_cast<StackChunks*>(self);
    void* chunk = nullptr;
    if (size == kChunk && !stock.taken_.test_and_set(std::memory_order_acquire)) {
        if (stock.count_ > 0) {
            chunk = stock.chunks_[--stock.count_];
        }
        stock.taken_.clear(std::memory_order_release);
    }
    return chunk != nullptr ? chunk : stock.system_.alloc(stock.system_.ctx, size);
}

void StackChunks::give(void* self, void* chunk, std::size_t size) {
    auto& stock = *static_cast<StackChunks*>(self);
    if (size == kChunk && !stock.taken_.test_and_set(std::memory_order_acquire)) {
        const bool kept = stock.count_ < kMostKept;
        if (kept) {
            stock.chunks_[stock.count_++] = chunk;
        }
        stock.taken_.clear(std::memory_order_release);
        if (kept) {
            return;
        }
    }
    stock.system_.free(stock.system_.ctx, chunk, size);
}

}  // namespace geventd::py
