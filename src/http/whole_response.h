// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace geventd::http {

/// A complete answer that the server makes itself: a refusal, an error, a page of the metrics
/// server.
struct WholeResponse {
    int status = 200;
    std::string body;  ///< not sent if the status allows none
    std::string_view type = "text/plain; charset=utf-8";
    std::string_view extra_fields = {};  ///< whole header lines, each with its CRLF
    bool keep_alive = false;             ///< false: `Connection: close`
    bool head_only = false;              ///< answers a HEAD request: the same head, no body

    /// A body of one line of plain text; the newline is added. With 426 come the fields that say
    /// which WebSocket there is instead.
    static WholeResponse line(int status, std::string_view text);

    /// The bytes of an HTTP/1.1 answer. `epoch` is the wall clock in whole seconds, for Date.
    [[nodiscard]] std::string bytes(std::int64_t epoch) const;
};

/// What the bytes of an answer consist of.
struct AnswerParts {
    unsigned fields = 0;  ///< of its head
    std::uint64_t head = 0;
    std::uint64_t body = 0;
};

/// REQUIRES: `bytes` are a whole answer.
AnswerParts parts_of_answer(std::string_view bytes);

}  // namespace geventd::http
