// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace geventd::websocket {

/// How messages are compressed (permessage-deflate, RFC 7692). Neither side keeps a window from
/// one message to the next: then a connection that is silent holds no memory for it.
struct DeflateTerms {
    int window_bits = 15;       ///< of what the server compresses
    bool names_window = false;  ///< the answer repeats them, since the client has asked for that

    /// The value of Sec-WebSocket-Extensions that accepts the offer.
    [[nodiscard]] std::string answer() const;
};

/// The first offer of permessage-deflate in a client's Sec-WebSocket-Extensions that can be kept;
/// nullopt without one.
std::optional<DeflateTerms> choose_deflate(std::string_view extensions);

}  // namespace geventd::websocket
