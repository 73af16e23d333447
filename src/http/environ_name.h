// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace geventd::http {

/// The environ key of a header field: "X-Forwarded-For" gives HTTP_X_FORWARDED_FOR, Content-Type
/// and Content-Length their CGI names without the prefix. Nothing for fields that must not reach
/// the application: a name with an underscore could be mistaken for the one with a dash, and Proxy
/// would become HTTP_PROXY, which HTTP clients read as their configuration.
std::optional<std::string> header_to_environ_name(std::string_view name);

}  // namespace geventd::http
