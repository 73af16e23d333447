// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "http/head_parser.h"

namespace geventd::http {

/// PATH_INFO of a request path: percent-escapes become their bytes, %2F included, nothing else
/// changes (dot segments and double slashes are the application's). An incomplete or invalid
/// escape and %00 are refused; `decoded` is replaced and reused.
Rejection decode_path(std::string_view path, std::string& decoded);

}  // namespace geventd::http
