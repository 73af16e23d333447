// SPDX-License-Identifier: MIT
#include "http/request_line.h"

#include <algorithm>
#include <cstddef>

#include "http/host.h"
#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr std::size_t kMaxMethod = 32;
constexpr std::size_t kVersionLength = 8;  // "HTTP/1.1"
constexpr std::string_view kWholeServer = "*";

Rejection parse_version(std::string_view version, RequestHead& head) {
    if (version == "HTTP/1.1") {
        head.version_minor = 1;
        return {};
    }
    if (version.size() != kVersionLength || !version.starts_with("HTTP/") ||
        !is(kDigit, version[5]) || version[6] != '.' || !is(kDigit, version[7])) {
        return {400, "malformed HTTP version"};
    }
    if (version[5] == '0') {
        return {400, "HTTP/0.9 is not spoken"};
    }
    if (version[5] != '1') {
        return {505, "only HTTP/1.0 and HTTP/1.1 are spoken"};
    }
    head.version_minor = version[7] == '0' ? 0 : 1;
    return {};
}

/// Checks each byte of the target; takes path and query from `from` on.
Rejection split_target(std::string_view target, std::size_t from, RequestHead& head) {
    if (!all(kTarget, target)) {
        return target.find('#') != std::string_view::npos
                   ? Rejection{400, "fragment in the request target"}
                   : Rejection{400, "invalid character in the request target"};
    }
    const std::size_t mark = target.find('?', from);
    head.path = target.substr(from, mark == std::string_view::npos ? mark : mark - from);
    head.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    return {};
}

/// "http://host[:port][/path][?query]": the authority overrides the Host field.
Rejection parse_absolute_form(std::string_view target, RequestHead& head) {
    const std::size_t colon = target.find("://");
    const std::string_view scheme = target.substr(0, colon);
    if (colon == std::string_view::npos ||
        !(equals_ignoring_case(scheme, "http") || equals_ignoring_case(scheme, "https"))) {
        return {400, "malformed request target"};
    }
    const std::size_t start = colon + 3;
    const std::size_t end = std::min(target.find_first_of("/?", start), target.size());
    head.authority = target.substr(start, end - start);
    if (split_host(head.authority).host.empty() || !is_valid_host(head.authority)) {
        return {400, "invalid authority in the request target"};
    }
    if (const Rejection rejection = split_target(target, end, head); rejection.status != 0) {
        return rejection;
    }
    // RFC 9112 3.2.4: an OPTIONS request for the whole server that came through a proxy.
    const bool whole_server = head.method == "OPTIONS" && end == target.size();
    if (head.path.empty()) {
        head.path = whole_server ? kWholeServer : "/";
    }
    return {};
}

Rejection parse_target(std::string_view target, RequestHead& head) {
    if (target.front() == '/') {
        return split_target(target, 0, head);
    }
    if (target == kWholeServer) {
        head.path = kWholeServer;
        return head.method == "OPTIONS" ? Rejection{}
                                        : Rejection{400, "the target * is for OPTIONS only"};
    }
    return parse_absolute_form(target, head);
}

Rejection check_method(std::string_view method) {
    if (method.empty() || !all(kToken, method)) {
        return {400, "malformed request line"};
    }
    if (method.size() > kMaxMethod) {
        return {501, "unknown method"};
    }
    if (method == "CONNECT") {
        return {501, "CONNECT is not implemented"};
    }
    return {};
}

bool is_proxy_line(std::string_view line) {
    return line.starts_with("PROXY TCP") || line.starts_with("PROXY UNKNOWN");
}

}  // namespace

Rejection parse_request_line(std::string_view line, RequestHead& head) {
    const std::size_t space = line.find(' ');
    head.method = line.substr(0, space);
    if (const Rejection rejection = check_method(head.method); rejection.status != 0) {
        return rejection;
    }
    if (is_proxy_line(line)) {
        return {400, "a PROXY protocol header is not expected on this socket"};
    }
    const std::string_view rest =
        space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
    const std::size_t second = rest.find(' ');
    if (second == std::string_view::npos) {
        return {400, "request line without an HTTP version"};
    }
    head.target = rest.substr(0, second);
    if (head.target.empty()) {
        return {400, "malformed request line"};
    }
    if (const Rejection rejection = parse_version(rest.substr(second + 1), head);
        rejection.status != 0) {
        return rejection;
    }
    return parse_target(head.target, head);
}

}  // namespace geventd::http
