// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/head_parser.h"

namespace geventd::oracle {

/// The objection of llhttp, which parses the header lines itself, to our verdict on a whole head
/// that a HeadScanner delimited; "" if there is none. llhttp may accept heads that are refused here
/// (see fields.h; also empty names), but it must accept those that are accepted here, with the same
/// fields, and must refuse lines that cannot be split.
std::string_view objection(std::string_view head, const http::HeadLimits& limits);

}  // namespace geventd::oracle
