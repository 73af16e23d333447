// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/head_parser.h"
#include "http/request_head.h"

namespace geventd::http {

/// Cuts the header lines behind a request line into `head.headers`, by RFC 9112 5 as strictly as it
/// allows: a name is a token, and its colon follows at once. What the fields mean is fields.h.
/// REQUIRES: `bytes` end with the empty line of a head that a HeadScanner delimited, so that each
/// line ends in CRLF, none is folded and no value holds a control character.
Rejection read_field_lines(std::string_view bytes, const HeadLimits& limits, RequestHead& head);

}  // namespace geventd::http
