// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// PATH_INFO of a request path: percent-escapes are decoded, including %2F, and nothing else is
/// changed (dot segments and double slashes are left to the application). Refuses an incomplete or
/// invalid escape and %00. `decoded` is overwritten; its memory is reused.
Rejection decode_path(std::string_view path, std::string& decoded);

}  // namespace geventd::http
