// SPDX-License-Identifier: MIT
#include "http/forwarded.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "http/host.h"
#include "http/octets.h"

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

/// The bare literal of "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80"; "" for anything else.
std::string_view to_address(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        text = close == std::string_view::npos ? std::string_view{} : text.substr(1, close - 1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        text = text.substr(0, text.find(':'));
    }
    return is_ip(text) ? text : std::string_view{};
}

std::string_view to_scheme(std::string_view text) {
    if (equals_ignoring_case(text, "https") || equals_ignoring_case(text, "wss")) {
        return "https";
    }
    return equals_ignoring_case(text, "http") || equals_ignoring_case(text, "ws")
               ? std::string_view("http")
               : std::string_view{};
}

std::string_view to_host(std::string_view text) {
    return is_valid_host(text) && !split_host(text).host.empty() ? text : std::string_view{};
}

std::string_view to_port(std::string_view text) {
    return text.size() <= 5 && all(kDigit, text) ? text : std::string_view{};
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
    std::string_view address;
    std::string_view element;
};

template <typename ToAddress>
std::optional<Hop> find_client(const RequestHead& head, std::string_view name,
                               const TrustedProxies& trusted, ToAddress to_address_of) {
    std::optional<Hop> client;
    walk_back(head, name, [&](std::string_view element) {
        const std::string_view address = to_address_of(element);
        if (address.empty()) {  // "unknown", an obfuscated name, garbage: the trail ends here
            return false;
        }
        client = Hop{address, element};
        return trusted.contains(address);
    });
    return client;
}

bool has_field(const RequestHead& head, std::string_view name) {
    return std::any_of(head.headers.begin(), head.headers.end(),
                       [&](const Header& field) { return equals_ignoring_case(field.name, name); });
}

bool has_x_forwarded(const RequestHead& head) {
    return has_field(head, "x-forwarded-for") || has_field(head, "x-forwarded-proto") ||
           has_field(head, "x-forwarded-host");
}

ForwardedClient from_x_forwarded(const RequestHead& head, std::string_view address) {
    return {address, to_scheme(last_element(head, "x-forwarded-proto")),
            to_host(last_element(head, "x-forwarded-host")),
            to_port(last_element(head, "x-forwarded-port"))};
}

ForwardedClient from_forwarded(std::string_view address, std::string_view element) {
    return {
        address, to_scheme(parameter(element, "proto")), to_host(parameter(element, "host")), {}};
}

}  // namespace

ForwardedClient read_forwarded(const RequestHead& head, std::string_view peer,
                               const TrustedProxies& trusted) {
    if (!trusted.contains(peer)) {
        return {peer, {}, {}, {}};
    }
    const auto listed = find_client(head, "x-forwarded-for", trusted, to_address);
    if (!has_field(head, "forwarded")) {
        return from_x_forwarded(head, listed ? listed->address : peer);
    }
    const auto told = find_client(head, "forwarded", trusted, [](std::string_view element) {
        return to_address(parameter(element, "for"));
    });
    if (has_x_forwarded(head)) {
        const bool agree = listed && told && listed->address == told->address;
        return agree ? from_x_forwarded(head, listed->address) : ForwardedClient{peer, {}, {}, {}};
    }
    return told ? from_forwarded(told->address, told->element)
                : from_forwarded(peer, last_element(head, "forwarded"));
}

}  // namespace geventd::http
