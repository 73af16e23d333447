// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace geventd::http {

/// `uri-host [":" port]` of RFC 3986: a registered name, IPv4 or bracketed IPv6 address. Both host
/// (a Host field for a target without authority) and port may be empty.
bool is_valid_host(std::string_view text);

/// The two parts of a valid Host: {"[::1]", "80"}; the port without its colon, "" when absent.
struct HostPort {
    std::string_view host;
    std::string_view port;
};

HostPort split_host(std::string_view text);

}  // namespace geventd::http
