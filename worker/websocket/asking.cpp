// SPDX-License-Identifier: MIT
#include "worker/websocket/asking.h"

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "log/logger.h"
#include "websocket/handshake.h"
#include "websocket/session.h"
#include "worker/requests/request_fields.h"

namespace geventd::worker {

namespace {

std::string_view version_of(const Request& request) {
    return field_of(request, "sec-websocket-version", "HTTP_SEC_WEBSOCKET_VERSION");
}

websocket::Flaw flaw_of(const Request& request) {
    const std::string connection = list_of(request, "connection", "HTTP_CONNECTION");
    return websocket::flaw_of({
        request.head.method,
        connection,
        field_of(request, "upgrade", "HTTP_UPGRADE"),
        version_of(request),
        field_of(request, "sec-websocket-key", "HTTP_SEC_WEBSOCKET_KEY"),
    });
}

/// What is in the way, and what the log is told of it, as the rest of a sentence.
struct Cause {
    Hint hint{};  ///< no bit: nothing is told
    std::string text;
};

// WebSocket's handshake is there since HTTP/1.1.
Cause cause_of_http(const Request& request) {
    if (request.version.empty()) {
        return {Hint::WebSocketHttp,
                "the web server in front does not say by which version of HTTP it has come. It has "
                "to send SERVER_PROTOCOL (nginx: include uwsgi_params)"};
    }
    return {Hint::WebSocketHttp,
            fmt::format("it has come by {}. What is in front of geventd has to speak HTTP/1.1 "
                        "(nginx: proxy_http_version 1.1)",
                        request.version)};
}

Cause cause_of(const Request& request) {
    const websocket::Flaw flaw = flaw_of(request);
    if (flaw == websocket::Flaw::Other) {
        return {};
    }
    if (!websocket::is_built()) {
        return {Hint::NoWebSocket,
                "this build of geventd has no WebSocket: it was built without the library wslay"};
    }
    if (request.head.version_minor == 0) {
        return cause_of_http(request);
    }
    switch (flaw) {
        case websocket::Flaw::Upgrade:
            return {Hint::WebSocketUpgrade,
                    "the field Upgrade is missing. The proxy in front has to pass it on (nginx: "
                    "proxy_set_header Upgrade $http_upgrade)"};
        case websocket::Flaw::Connection:
            return {Hint::WebSocketConnection,
                    "its field Connection does not name Upgrade. The proxy in front has to send "
                    "that (nginx: proxy_set_header Connection $connection_upgrade)"};
        case websocket::Flaw::Key:
            return {Hint::WebSocketKey, "its Sec-WebSocket-Key is not 16 bytes in base64"};
        case websocket::Flaw::Version:
            return {Hint::WebSocketVersion,
                    fmt::format("its Sec-WebSocket-Version is \"{}\", and there is 13 only",
                                version_of(request))};
        case websocket::Flaw::None:
        case websocket::Flaw::Other:
            break;
    }
    return {};
}

}  // namespace

bool asks_for_our_version(const Request& request) {
    return version_of(request) == websocket::kVersion;
}

void tell_why_not(const Request& request, Hints& hints) {
    const Cause cause = cause_of(request);
    if (!cause.text.empty() && !hints.was_told(cause.hint) && hints.take(cause.hint)) {
        log::warning("{} asks for a WebSocket, which it cannot become: {} (docs/websockets.md)",
                     request.path_info, cause.text);
    }
}

}  // namespace geventd::worker
