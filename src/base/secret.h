// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>

namespace geventd {

/// Overwrites memory before it gives it back.
template <typename T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;

    template <typename Other>
    WipingAllocator(const WipingAllocator<Other>&) noexcept {}  // NOLINT: allocators convert

    T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }

    void deallocate(T* memory, std::size_t count) noexcept {
        ::explicit_bzero(memory, count * sizeof(T));
        std::allocator<T>().deallocate(memory, count);
    }

    bool operator==(const WipingAllocator&) const = default;
};

/// Bytes that nobody finds in memory that was freed, such as a private key. Fewer than 16 may stand
/// in the object itself, where they are not overwritten.
using Secret = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;

}  // namespace geventd
