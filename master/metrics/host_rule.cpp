// SPDX-License-Identifier: MIT
#include "master/metrics/host_rule.h"

#include <arpa/inet.h>

#include <algorithm>

#include "http/host.h"
#include "http/octets.h"

namespace geventd::master {

namespace {

// In lower case, and not as an absolute name with a dot at its end.
std::string normal(std::string_view host) {
    std::string name(host.substr(0, host.size() - (host.ends_with('.') ? 1 : 0)));
    std::transform(name.begin(), name.end(), name.begin(), http::to_lower);
    return name;
}

bool is_loopback(const net::Address& address) {
    return (address.family == net::Family::Inet && address.host.starts_with("127.")) ||
           (address.family == net::Family::Inet6 && address.host == "::1");
}

bool is_ip(const std::string& host) {
    in_addr address{};
    // A valid Host has only IPv6 addresses in brackets.
    return host.starts_with('[') || ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// By RFC 6761 no DNS has names below localhost.
bool is_loopback_name(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost") || host == "ip6-localhost" ||
           host == "ip6-loopback";
}

}  // namespace

HostRule::HostRule(const net::Address& address, std::vector<std::string> names)
    : names_(std::move(names)), any_(names_.empty() && !is_loopback(address)) {
    for (std::string& name : names_) {
        name = normal(name);
    }
}

bool HostRule::allows(std::string_view authority) const {
    const std::string host = normal(http::split_host(authority).host);
    return any_ || host.empty() || is_ip(host) || is_loopback_name(host) ||
           std::find(names_.begin(), names_.end(), host) != names_.end();
}

}  // namespace geventd::master
