// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace geventd::http {

/// An answer that is at hand as a whole because the server itself makes it: a refusal, an error, a
/// page of the metrics server.
struct WholeResponse {
    int status = 200;
    std::string body;  ///< not sent where the status allows none
    std::string_view type = "text/plain; charset=utf-8";
    std::string_view extra_fields = {};  ///< whole header lines, each with its CRLF
    bool keep_alive = false;             ///< false: `Connection: close`
    bool head_only = false;              ///< to a HEAD request: the head of the same answer

    /// One line of plain text, to which its newline is added.
    static WholeResponse line(int status, std::string_view text);

    /// The bytes of an HTTP/1.1 answer. `epoch`: the wall clock in whole seconds, for its Date.
    [[nodiscard]] std::string bytes(std::int64_t epoch) const;
};

}  // namespace geventd::http
