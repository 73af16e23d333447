// SPDX-License-Identifier: MIT
#include "http/forwarded.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "http/control_scan.h"
#include "http/host.h"
#include "http/octets.h"
#include "http/path.h"

namespace geventd::http {

namespace {

/// Removes the last element from a comma-separated list and returns it trimmed. A comma in a quoted
/// string is no separator; quotes are counted from the end, which is the same when they balance.
std::string_view take_last(std::string_view& list) {
    bool quoted = false;
    std::size_t at = list.size();
    while (at > 0 && (quoted || list[at - 1] != ',')) {
        quoted = quoted != (list[at - 1] == '"');
        --at;
    }
    const std::string_view element = list.substr(at);
    list = list.substr(0, at == 0 ? 0 : at - 1);
    return trim(element);
}

bool is_ip(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> copy{};
    in6_addr address{};
    if (text.size() >= copy.size()) {
        return false;
    }
    std::copy(text.begin(), text.end(), copy.begin());
    return ::inet_pton(AF_INET, copy.data(), &address) == 1 ||
           ::inet_pton(AF_INET6, copy.data(), &address) == 1;
}

std::string_view to_port(std::string_view text) {
    unsigned port = 0;
    if (text.empty() || text.size() > 5 || !all(kDigit, text)) {
        return {};
    }
    for (const char digit : text) {
        port = port * 10 + static_cast<unsigned>(digit - '0');
    }
    return port > 0 && port <= 65535 ? text : std::string_view{};
}

/// The bare literal of "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80", and its port; nothing
/// for anything else.
HostPort to_address(std::string_view text) {
    const bool bare_ipv6 = !text.starts_with('[') && std::count(text.begin(), text.end(), ':') > 1;
    auto [host, port] = bare_ipv6 ? HostPort{text, {}} : split_host(text);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return is_ip(host) ? HostPort{host, to_port(port)} : HostPort{};
}

std::string_view to_scheme(std::string_view text) {
    if (equals_ignoring_case(text, "https") || equals_ignoring_case(text, "wss")) {
        return "https";
    }
    return equals_ignoring_case(text, "http") || equals_ignoring_case(text, "ws")
               ? std::string_view("http")
               : std::string_view{};
}

/// Of X-Forwarded-Protocol, where some proxies write "ssl".
std::string_view protocol_to_scheme(std::string_view text) {
    return equals_ignoring_case(text, "ssl") ? std::string_view("https") : to_scheme(text);
}

/// Of X-Forwarded-Ssl.
std::string_view ssl_to_scheme(std::string_view text) {
    if (equals_ignoring_case(text, "on") || text == "1") {
        return "https";
    }
    return equals_ignoring_case(text, "off") || text == "0" ? std::string_view("http")
                                                            : std::string_view{};
}

std::string_view to_host(std::string_view text) {
    return is_valid_host(text) && !split_host(text).host.empty() ? text : std::string_view{};
}

std::string_view unquote(std::string_view text) {
    const bool quoted = text.size() > 1 && text.front() == '"' && text.back() == '"';
    return quoted ? text.substr(1, text.size() - 2) : text;
}

/// The value of one parameter ("for", "proto", "host") of a Forwarded element.
std::string_view parameter(std::string_view element, std::string_view name) {
    while (!element.empty()) {
        bool quoted = false;
        std::size_t end = 0;
        while (end < element.size() && (quoted || element[end] != ';')) {
            quoted = quoted != (element[end] == '"');
            ++end;
        }
        const std::string_view pair = trim(element.substr(0, end));
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos &&
            equals_ignoring_case(pair.substr(0, equals), name)) {
            return unquote(pair.substr(equals + 1));
        }
        element.remove_prefix(std::min(end + 1, element.size()));
    }
    return {};
}

/// Calls `visit` for the elements of all fields of that name, from the last to the first, until it
/// returns false.
template <typename Visit>
void walk_back(const RequestHead& head, std::string_view name, Visit visit) {
    for (std::size_t i = head.headers.size(); i > 0; --i) {
        const Header& field = head.headers[i - 1];
        std::string_view list = field.value;
        if (!equals_ignoring_case(field.name, name)) {
            continue;
        }
        do {
            if (!visit(take_last(list))) {
                return;
            }
        } while (!list.empty());
    }
}

std::string_view last_element(const RequestHead& head, std::string_view name) {
    std::string_view last;
    walk_back(head, name, [&](std::string_view element) {
        last = element;
        return false;
    });
    return last;
}

/// The client according to one family of headers, and the element that named it.
struct Hop {
    HostPort node;
    std::string_view element;
};

template <typename ToAddress>
std::optional<Hop> find_client(const RequestHead& head, std::string_view name,
                               const TrustedProxies& trusted, ToAddress to_address_of) {
    std::optional<Hop> client;
    walk_back(head, name, [&](std::string_view element) {
        const HostPort node = to_address_of(element);
        if (node.host.empty()) {  // "unknown", an obfuscated name, garbage: the trail ends here
            return false;
        }
        client = Hop{node, element};
        return trusted.contains(node.host);
    });
    return client;
}

bool has_field(const RequestHead& head, std::string_view name) {
    return std::any_of(head.headers.begin(), head.headers.end(),
                       [&](const Header& field) { return equals_ignoring_case(field.name, name); });
}

constexpr std::array<std::string_view, 6> kXForwarded{"x-forwarded-for",  "x-forwarded-proto",
                                                      "x-forwarded-host", "x-forwarded-protocol",
                                                      "x-forwarded-ssl",  "x-forwarded-port"};

bool is_x_forwarded(std::string_view name) {
    return std::any_of(kXForwarded.begin(), kXForwarded.end(), [name](std::string_view known) {
        return equals_ignoring_case(name, known);
    });
}

/// Asked of each field of each request, few of which begin so.
bool may_be_forwarded(std::string_view name) {
    const char first = name.empty() ? '\0' : to_lower(name.front());
    return first == 'x' || first == 'f';
}

bool has_x_forwarded(const RequestHead& head) {
    return std::any_of(head.headers.begin(), head.headers.end(),
                       [](const Header& field) { return is_x_forwarded(field.name); });
}

/// The scheme of which the three fields tell; false when they disagree.
bool read_scheme(const RequestHead& head, std::string_view& scheme) {
    const std::array said{to_scheme(last_element(head, "x-forwarded-proto")),
                          protocol_to_scheme(last_element(head, "x-forwarded-protocol")),
                          ssl_to_scheme(last_element(head, "x-forwarded-ssl"))};
    for (const std::string_view one : said) {
        if (!one.empty() && !scheme.empty() && one != scheme) {
            return false;
        }
        scheme = one.empty() ? scheme : one;
    }
    return true;
}

void take_address(ForwardedClient& client, const std::optional<Hop>& hop) {
    if (hop) {
        client.address = hop->node.host;
        client.address_port = hop->node.port;
        client.named = true;
    }
}

void take_x_forwarded(ForwardedClient& client, const RequestHead& head, std::string_view scheme) {
    client.scheme = scheme;
    client.host = to_host(last_element(head, "x-forwarded-host"));
    client.port = to_port(last_element(head, "x-forwarded-port"));
}

/// What the fields of a trusted peer say.
Rejection read_fields(const RequestHead& head, const TrustedProxies& trusted,
                      ForwardedClient& client) {
    std::string_view scheme;
    if (!read_scheme(head, scheme)) {
        return {400, "X-Forwarded-Proto, -Protocol and -Ssl contradict one another"};
    }
    const auto listed = find_client(head, "x-forwarded-for", trusted, to_address);
    if (!has_field(head, "forwarded")) {
        take_address(client, listed);
        take_x_forwarded(client, head, scheme);
        return {};
    }
    const auto told = find_client(head, "forwarded", trusted, [](std::string_view element) {
        return to_address(parameter(element, "for"));
    });
    if (has_x_forwarded(head)) {
        if (listed && told && listed->node.host == told->node.host) {
            take_address(client, listed);
            take_x_forwarded(client, head, scheme);
        }
        return {};
    }
    take_address(client, told);
    const std::string_view element = told ? told->element : last_element(head, "forwarded");
    client.scheme = to_scheme(parameter(element, "proto"));
    client.host = to_host(parameter(element, "host"));
    return {};
}

}  // namespace

Rejection read_forwarded(const RequestHead& head, std::string_view peer,
                         std::optional<std::string_view> proxied, const TrustedProxies& trusted,
                         ForwardedClient& client) {
    client = {};
    client.address = proxied.value_or(peer);
    if (!trusted.contains(peer)) {
        return {};
    }
    const Rejection rejection = read_fields(head, trusted, client);
    if (proxied && !trusted.contains(*proxied)) {
        client.address = *proxied;
        client.address_port = {};
        client.named = false;
    }
    return rejection;
}

std::string read_forwarded_prefix(const RequestHead& head) {
    std::string_view prefix = last_element(head, "x-forwarded-prefix");
    while (prefix.ends_with('/')) {
        prefix.remove_suffix(1);
    }
    std::string decoded;
    const bool readable = all(kTarget, prefix) && prefix.find('?') == std::string_view::npos &&
                          decode_path(prefix, decoded).status == 0;
    const bool fine = readable && decoded.starts_with('/') && !decoded.starts_with("//") &&
                      decoded.find('\\') == std::string::npos &&  // to browsers like a slash
                      find_control(decoded, 0) == decoded.size();
    return fine ? decoded : std::string();
}

std::string_view find_forwarded_field(const RequestHead& head) {
    const auto found =
        std::find_if(head.headers.begin(), head.headers.end(), [](const Header& field) {
            return may_be_forwarded(field.name) &&
                   (is_x_forwarded(field.name) || equals_ignoring_case(field.name, "forwarded"));
        });
    return found == head.headers.end() ? std::string_view{} : found->name;
}

}  // namespace geventd::http
