// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace geventd::websocket {

/// Whether the text is what Sec-WebSocket-Key must be: sixteen bytes in base64.
bool is_key(std::string_view text);

/// The value of Sec-WebSocket-Accept for a key (RFC 6455 4.2.2).
std::string accept_key(std::string_view key);

}  // namespace geventd::websocket
