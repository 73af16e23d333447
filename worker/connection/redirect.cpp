// SPDX-License-Identifier: MIT
#include "worker/connection/redirect.h"

#include <string_view>

#include <fmt/core.h>

#include "http/fields.h"
#include "http/host.h"

namespace geventd::worker {

namespace {

constexpr int kHttpsPort = 443;

std::string_view authority_of(const Request& request) {
    if (!request.client.host.empty()) {
        return request.client.host;
    }
    return request.head.authority.empty() ? http::header_value(request.head, "host")
                                          : std::string_view(request.head.authority);
}

}  // namespace

bool is_redirected(const Request& request) {
    return request.client.scheme != "https" &&
           !request.head.path.starts_with("/.well-known/acme-challenge/");
}

Parsed redirect_to_https(const Request& request, int port) {
    const std::string_view host = http::split_host(authority_of(request)).host;
    if (host.empty()) {
        return Parsed::refused({400, "a Host is needed for the redirect to https"});
    }
    const http::RequestHead& head = request.head;
    const bool is_read_only = head.method == "GET" || head.method == "HEAD";
    Parsed parsed = Parsed::refused({is_read_only ? 301 : 308, "by https only"});
    parsed.fields = fmt::format("Location: https://{}{}{}{}{}\r\n", host,
                                port == kHttpsPort ? "" : fmt::format(":{}", port),
                                head.path.starts_with('/') ? head.path : "/",
                                head.query.empty() ? "" : "?", head.query);
    return parsed;
}

}  // namespace geventd::worker
