// SPDX-License-Identifier: MIT
#include "http/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "http/octets.h"

namespace geventd::http {

namespace {

bool is_valid_port(std::string_view text) {
    if (text.size() > 5) {
        return false;
    }
    unsigned port = 0;
    for (const char byte : text) {
        if (!is(kDigit, byte)) {
            return false;
        }
        port = port * 10 + static_cast<unsigned>(byte - '0');
    }
    return port <= 65535;
}

bool is_valid_ipv6(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> copy{};
    in6_addr address{};
    if (text.size() >= copy.size()) {
        return false;
    }
    std::copy(text.begin(), text.end(), copy.begin());
    return ::inet_pton(AF_INET6, copy.data(), &address) == 1;
}

bool is_valid_name(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is(kHost, text[i])) {
            continue;
        }
        const bool escape =
            text[i] == '%' && text.size() - i > 2 && is(kHex, text[i + 1]) && is(kHex, text[i + 2]);
        if (!escape) {
            return false;
        }
        i += 2;
    }
    return true;
}

}  // namespace

HostPort split_host(std::string_view text) {
    const std::size_t end = text.starts_with('[') ? text.find(']') + 1 : text.find(':');
    if (end >= text.size()) {
        return {text, {}};
    }
    return {text.substr(0, end), text.substr(end + 1)};
}

bool is_valid_host(std::string_view text) {
    if (!text.starts_with('[')) {
        const auto [host, port] = split_host(text);
        return is_valid_name(host) && is_valid_port(port);
    }
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || !is_valid_ipv6(text.substr(1, close - 1))) {
        return false;
    }
    const std::string_view rest = text.substr(close + 1);
    return rest.empty() || (rest.front() == ':' && is_valid_port(rest.substr(1)));
}

}  // namespace geventd::http
