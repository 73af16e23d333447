// SPDX-License-Identifier: MIT
#include "websocket/handshake.h"

#include "http/octets.h"
#include "websocket/accept_key.h"

namespace geventd::websocket {

namespace {

bool lists(std::string_view list, std::string_view lower) {
    while (!list.empty()) {
        if (http::equals_ignoring_case(http::next_element(list), lower)) {
            return true;
        }
    }
    return false;
}

bool equal_ignoring_case(std::string_view one, std::string_view other) {
    if (one.size() != other.size()) {
        return false;
    }
    for (std::size_t i = 0; i < one.size(); ++i) {
        if (http::to_lower(one[i]) != http::to_lower(other[i])) {
            return false;
        }
    }
    return true;
}

// Without the scheme and the port.
std::string_view host_of(std::string_view origin) {
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string_view::npos) {
        return {};
    }
    origin.remove_prefix(scheme + 3);
    const std::size_t bracket = origin.starts_with('[') ? origin.find(']') : 0;
    return origin.substr(0, origin.find(':', bracket));
}

}  // namespace

std::string_view Handshake::first_protocol(std::string_view preferred) const {
    std::string_view list = preferred.empty() ? std::string_view(protocols) : preferred;
    return http::next_element(list);
}

bool Handshake::offers(std::string_view protocol) const {
    std::string_view list = protocols;
    while (!list.empty()) {
        if (http::next_element(list) == protocol) {
            return true;
        }
    }
    return false;
}

Flaw flaw_of(const Asked& asked) {
    const bool is_named = lists(asked.upgrade, "websocket");
    if (asked.method != "GET" || (!is_named && asked.key.empty())) {
        return Flaw::Other;
    }
    if (!is_named) {
        return Flaw::Upgrade;
    }
    if (!lists(asked.connection, "upgrade")) {
        return Flaw::Connection;
    }
    if (!is_key(asked.key)) {
        return Flaw::Key;
    }
    return asked.version == kVersion ? Flaw::None : Flaw::Version;
}

bool is_handshake(const Asked& asked) {
    const Flaw flaw = flaw_of(asked);
    return flaw == Flaw::None || flaw == Flaw::Version;
}

bool is_allowed_by(std::string_view entry, std::string_view origin) {
    if (entry == "*" || origin.empty() || equal_ignoring_case(entry, origin)) {
        return true;
    }
    const std::string_view host = host_of(origin);
    if (!entry.starts_with("*.")) {
        return equal_ignoring_case(entry, host);
    }
    const std::string_view domain = entry.substr(1);
    return host.size() > domain.size() &&
           equal_ignoring_case(host.substr(host.size() - domain.size()), domain);
}

}  // namespace geventd::websocket
