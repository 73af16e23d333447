// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "http/head_parser.h"
#include "http/request_head.h"

namespace geventd::http {

/// Reads what the header fields of a request say about the message itself (Host, Content-Length,
/// Transfer-Encoding, Connection, Expect) into the head's typed members, and refuses whatever two
/// readers could frame differently. Method, target and version have been set.
Rejection apply_fields(const HeadLimits& limits, RequestHead& head);

/// 1*DIGIT that fits; false for anything else, a sign, a list and "" included.
bool parse_content_length(std::string_view text, std::uint64_t& length);

}  // namespace geventd::http
