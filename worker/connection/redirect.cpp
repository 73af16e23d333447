// SPDX-License-Identifier: MIT
#include "worker/connection/redirect.h"

#include <string_view>

#include <fmt/core.h>

#include "http/fields.h"
#include "http/host.h"
#include "http/whole_response.h"

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

std::string redirect_to_https(const Request& request, int port, std::int64_t epoch) {
    const std::string_view host = http::split_host(authority_of(request)).host;
    const http::RequestHead& head = request.head;
    const bool is_read_only = head.method == "GET" || head.method == "HEAD";
    http::WholeResponse response =
        host.empty() ? http::WholeResponse::line(400, "a Host is needed for the redirect to https")
                     : http::WholeResponse::line(is_read_only ? 301 : 308, "by https only");
    std::string location;
    if (!host.empty()) {
        location = fmt::format("Location: https://{}{}{}{}{}\r\n", host,
                               port == kHttpsPort ? "" : fmt::format(":{}", port),
                               head.path.starts_with('/') ? head.path : "/",
                               head.query.empty() ? "" : "?", head.query);
    }
    response.extra_fields = location;
    response.head_only = head.method == "HEAD";
    return response.bytes(epoch);
}

}  // namespace geventd::worker
