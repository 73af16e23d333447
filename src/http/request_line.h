// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/head_parser.h"
#include "http/request_head.h"

namespace geventd::http {

/// Splits and checks a request line (without its CRLF): fills the head's method, version, target,
/// path, query and, for an absolute-form target, authority.
/// A method is any token of up to 32 bytes; CONNECT is refused with 501. A higher minor version of
/// HTTP/1 counts as 1.1 (RFC 9110 2.5); another major version is refused with 505. Clients send
/// UTF-8 in targets without escapes (`curl http://a/café`), so bytes from 0x80 are taken as they
/// are, though RFC 3986 has none.
Rejection parse_request_line(std::string_view line, RequestHead& head);

}  // namespace geventd::http
