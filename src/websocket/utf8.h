// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace geventd::websocket {

/// Whether the bytes are UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing
/// above U+10FFFF.
bool is_utf8(std::string_view bytes);

}  // namespace geventd::websocket
