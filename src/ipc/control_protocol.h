// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace geventd::ipc {

/// What geventctl and a running master send each other over the control socket:
///
///   client ── {"command":"workers","count":"4"} newline ──▶ master
///   master ── {"ok":true,"result":...} newline ──▶ client, then the master closes
///          or {"ok":false,"error":"a sentence"}
///
/// One request per connection. Both sides limit how much they read.
constexpr std::size_t kMaxControlRequest = 64 << 10;
constexpr std::size_t kMaxControlAnswer = 16 << 20;

struct ControlRequest {
    std::string command;
    /// All other members of the object: strings as they are, numbers and booleans as text.
    std::map<std::string, std::string> arguments;

    bool operator==(const ControlRequest&) const = default;
};

/// One line without its newline. Failure says what is wrong with it.
Result<ControlRequest> parse_control_request(std::string_view line);

/// One line, newline included.
std::string format_control_request(const ControlRequest& request);

/// `result` is a JSON document.
std::string format_control_answer(std::string_view result);
std::string format_control_error(std::string_view sentence);

/// The result as a JSON document, or the server's error.
Result<std::string> parse_control_answer(std::string_view answer);

}  // namespace geventd::ipc
