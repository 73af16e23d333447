// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/head_parser.h"
#include "http/request_head.h"

namespace geventd::oracle {

/// Why our verdict on a whole head is one that llhttp, which reads the header lines for itself,
/// would not share; "" when there is nothing to say. llhttp takes some heads that are refused here
/// (docs of HeadScanner and fields.h), but none may be taken that it refuses, and the fields of
/// what both take are the same. `bytes` is what a HeadScanner delimited, `head` and `rejection` are
/// what parse_head() made of it.
std::string_view objection(std::string_view bytes, const http::RequestHead& head,
                           const http::Rejection& rejection);

}  // namespace geventd::oracle
