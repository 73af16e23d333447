// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "websocket/handshake.h"
#include "worker/requests/hints.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// The fields by which a request asks for a WebSocket, as they came.
class Asking {
  public:
    explicit Asking(const Request& request);

    /// Views into the request and this object.
    [[nodiscard]] websocket::Asked fields() const;

  private:
    const Request& request_;
    std::string connection_;
};

/// What opens no WebSocket before its body is read, though the application may answer it.
inline constexpr http::Rejection kHandshakeWithBody{400, "a handshake has no body"};

/// Says in the log, once for each cause, why a request that is about a WebSocket cannot become one:
/// mostly a proxy in front has dropped what makes it one. Nothing if it is about something else.
/// REQUIRES: it is no handshake, or one for another version.
void tell_why_not(const Request& request, Hints& hints);

}  // namespace geventd::worker
