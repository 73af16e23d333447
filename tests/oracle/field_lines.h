// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/head_parser.h"

namespace geventd::oracle {

/// What llhttp, which reads the header lines for itself, objects to in our verdict on a whole head,
/// which a HeadScanner delimited; "" when there is nothing to say. llhttp takes some heads that are
/// refused here (fields.h says which, and empty names), but it has to take what is taken here, with
/// the same fields, and to refuse the lines that cannot be cut.
std::string_view objection(std::string_view head, const http::HeadLimits& limits);

}  // namespace geventd::oracle
