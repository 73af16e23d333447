// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/head_parser.h"
#include "http/request_head.h"

namespace geventd::http {

/// Splits the header lines after a request line into `head.headers`, as strictly as RFC 9112 5
/// allows: a name is a token, directly followed by its colon. fields.h interprets the fields.
/// REQUIRES: `bytes` end with the empty line of a head that a HeadScanner delimited, so that each
/// line ends in CRLF, none is folded and no value holds a control character.
Rejection read_field_lines(std::string_view bytes, const HeadLimits& limits, RequestHead& head);

}  // namespace geventd::http
