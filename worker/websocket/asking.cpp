// SPDX-License-Identifier: MIT
#include "worker/websocket/asking.h"

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "log/logger.h"
#include "websocket/session.h"
#include "worker/requests/request_fields.h"

namespace geventd::worker {

namespace {

std::string_view version_of(const Request& request) {
    return field_of(request, "sec-websocket-version", "HTTP_SEC_WEBSOCKET_VERSION");
}

// What is in the way; no bit: nothing that is told.
Hint hint_of(const Request& request) {
    const websocket::Flaw flaw = websocket::flaw_of(Asking(request).fields());
    if (flaw == websocket::Flaw::Other) {
        return {};
    }
    if (!websocket::is_built()) {
        return Hint::NoWebSocket;
    }
    if (request.head.version_minor == 0) {
        return Hint::WebSocketHttp;  // the handshake is there since HTTP/1.1
    }
    switch (flaw) {
        case websocket::Flaw::Upgrade:
            return Hint::WebSocketUpgrade;
        case websocket::Flaw::Connection:
            return Hint::WebSocketConnection;
        case websocket::Flaw::Key:
            return Hint::WebSocketKey;
        case websocket::Flaw::Version:
            return Hint::WebSocketVersion;
        case websocket::Flaw::None:
        case websocket::Flaw::Other:
            break;
    }
    return {};
}

// What the log is told of it, as the rest of a sentence.
std::string text_of(Hint hint, const Request& request) {
    switch (hint) {
        case Hint::NoWebSocket:
            return "this build of geventd has no WebSocket: it was built without the library wslay";
        case Hint::WebSocketUpgrade:
            return "the field Upgrade is missing. The proxy in front has to pass it on (nginx: "
                   "proxy_set_header Upgrade $http_upgrade)";
        case Hint::WebSocketConnection:
            return "its field Connection does not name Upgrade. The proxy in front has to send "
                   "that (nginx: proxy_set_header Connection $connection_upgrade)";
        case Hint::WebSocketKey:
            return "its Sec-WebSocket-Key is not 16 bytes in base64";
        case Hint::WebSocketVersion:
            return fmt::format("its Sec-WebSocket-Version is \"{}\", and there is 13 only",
                               version_of(request));
        default:
            break;
    }
    if (request.version.empty()) {
        return "the web server in front does not say by which version of HTTP it has come. It has "
               "to send SERVER_PROTOCOL (nginx: include uwsgi_params)";
    }
    return fmt::format(
        "it has come by {}. What is in front of geventd has to speak HTTP/1.1 (nginx: "
        "proxy_http_version 1.1)",
        request.version);
}

}  // namespace

Asking::Asking(const Request& request)
    : request_(request), connection_(list_of(request, "connection", "HTTP_CONNECTION")) {}

websocket::Asked Asking::fields() const {
    return {
        request_.head.method,
        connection_,
        field_of(request_, "upgrade", "HTTP_UPGRADE"),
        version_of(request_),
        field_of(request_, "sec-websocket-key", "HTTP_SEC_WEBSOCKET_KEY"),
    };
}

void tell_why_not(const Request& request, Hints& hints) {
    const Hint hint = hint_of(request);
    if (hint != Hint{} && !hints.was_told(hint) && hints.take(hint)) {
        log::warning("{} asks for a WebSocket, which it cannot become: {} (docs/websockets.md)",
                     request.path_info, text_of(hint, request));
    }
}

}  // namespace geventd::worker
