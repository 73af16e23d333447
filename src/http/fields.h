// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "http/head_parser.h"
#include "http/request_head.h"

namespace geventd::http {

/// Interprets the header fields that describe the message itself (Host, Content-Length,
/// Transfer-Encoding, Connection, Expect) into the head's typed members, and refuses whatever two
/// readers could frame differently. REQUIRES: method, target and version are set.
Rejection apply_fields(const HeadLimits& limits, RequestHead& head);

/// Parses 1*DIGIT that fits; false for anything else, including a sign, a list and "".
bool parse_content_length(std::string_view text, std::uint64_t& length);

}  // namespace geventd::http
