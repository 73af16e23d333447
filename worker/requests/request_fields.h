// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "worker/requests/request.h"

namespace geventd::worker {

/// A header field of the request, in whichever form it came: `http_name` is its name in lower case,
/// `var_name` that of the variable which a web server sends instead. "" without it.
std::string_view field_of(const Request& request, std::string_view http_name,
                          std::string_view var_name);

/// The same for a field that is a list, which may come in several lines.
std::string list_of(const Request& request, std::string_view http_name, std::string_view var_name);

}  // namespace geventd::worker
