// SPDX-License-Identifier: MIT
#pragma once

#include <sys/random.h>

#include <cstdint>

namespace geventd {

/// 64 bits from the kernel's random numbers; zero in the unlikely case that it has none.
inline std::uint64_t random_bits() noexcept {
    std::uint64_t bits = 0;
    [[maybe_unused]] const auto got = ::getrandom(&bits, sizeof bits, 0);
    return bits;
}

}  // namespace geventd
