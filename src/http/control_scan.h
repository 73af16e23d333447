// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace geventd::http {

/// The position of the first control character (C0 except HTAB, or DEL) at or after `from`;
/// bytes.size() when there is none. Every byte of a request head goes through here once.
std::size_t find_control(std::string_view bytes, std::size_t from);

}  // namespace geventd::http
