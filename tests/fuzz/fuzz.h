// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace geventd::fuzz {

/// Ends the run, saving the input, if a property that must hold for all bytes does not.
inline void require(bool holds) {
    if (!holds) {
        __builtin_trap();
    }
}

inline std::string_view to_view(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Whether `part` points into `whole`, or is empty.
inline bool is_inside(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace geventd::fuzz
