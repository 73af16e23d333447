// SPDX-License-Identifier: MIT
#include "http/whole_response.h"

#include <algorithm>

#include <fmt/core.h>

#include "http/date.h"
#include "http/status.h"

namespace geventd::http {

namespace {

// RFC 9110 15.5.22 and RFC 6455 4.4.
constexpr std::string_view kUpgradeRequired =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";

}  // namespace

WholeResponse WholeResponse::line(int status, std::string_view text) {
    return {.status = status,
            .body = std::string(text).append("\n"),
            .extra_fields = status == 426 ? kUpgradeRequired : std::string_view()};
}

std::string WholeResponse::bytes(std::int64_t epoch) const {
    std::string response =
        fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n{}{}", status, reason_phrase(status),
                    date_text(epoch), keep_alive ? "" : "Connection: close\r\n", extra_fields);
    if (has_no_body(status)) {
        return response.append("\r\n");
    }
    response += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n\r\n", type, body.size());
    return head_only ? response : response.append(body);
}

AnswerParts parts_of_answer(std::string_view bytes) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t head = bytes.find(kEnd) + kEnd.size();
    const std::string_view lines = bytes.substr(0, head);
    const auto ends = std::count(lines.begin(), lines.end(), '\n');
    return {static_cast<unsigned>(ends) - 2, head, bytes.size() - head};
}

}  // namespace geventd::http
