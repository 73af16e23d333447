// SPDX-License-Identifier: MIT
#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

#include <fmt/core.h>

namespace geventd::net {

namespace {

struct Scheme {
    std::string_view prefix;
    Protocol protocol;
    bool unix_socket;
    bool tls = false;
};

// Longer prefixes come first, so that "http+unix:" is not read as a faulty "http:".
constexpr std::array kSchemes{
    Scheme{"http+unix:", Protocol::Http, true},
    Scheme{"https+unix:", Protocol::Http, true, true},
    Scheme{"uwsgi+unix:", Protocol::Uwsgi, true},
    Scheme{"http://", Protocol::Http, false},
    Scheme{"https://", Protocol::Http, false, true},
    Scheme{"uwsgi://", Protocol::Uwsgi, false},
};

constexpr std::string_view kForms =
    "expected http://, https:// or uwsgi:// with HOST:PORT, or http+unix: or uwsgi+unix: with a "
    "path";

std::string_view prefix_of(Protocol protocol, bool tls, bool unix_socket) {
    for (const Scheme& scheme : kSchemes) {
        if (scheme.protocol == protocol && scheme.tls == tls && scheme.unix_socket == unix_socket) {
            return scheme.prefix;
        }
    }
    return {};  // not reached: the table has all six
}

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

tl::unexpected<Error> refuse_scheme(std::string_view text) {
    std::string suggestion;
    if (text.starts_with("unix:")) {
        suggestion = fmt::format("http+{}", text);
    } else if (text.starts_with('/') || text.starts_with('@') || text.ends_with(".sock")) {
        suggestion = fmt::format("http+unix:{}", text);
    } else if (is_number(text)) {
        suggestion = fmt::format("http://:{}", text);
    } else if (text.find("://") == std::string_view::npos &&
               text.find(':') != std::string_view::npos) {
        suggestion = fmt::format("http://{}", text);
    }
    if (!suggestion.empty()) {
        return failure(
            fmt::format("'{}' has no scheme, {}; did you mean {}?", text, kForms, suggestion));
    }
    return failure(fmt::format("'{}' is no address to listen on, {}", text, kForms));
}

Result<Address> parse_unix(std::string_view text, const Scheme& scheme) {
    std::string_view path = text.substr(scheme.prefix.size());
    if (path.starts_with("//")) {
        path.remove_prefix(path.find_first_not_of('/') == std::string_view::npos
                               ? path.size()
                               : path.find_first_not_of('/'));
        return failure(
            fmt::format("'{}': a unix socket's path follows the colon; did you mean "
                        "{}/{}?",
                        text, scheme.prefix, path));
    }
    Address address{.protocol = scheme.protocol, .family = Family::Unix, .tls = scheme.tls};
    if (path.starts_with('@')) {
        address.family = Family::Abstract;
        path.remove_prefix(1);
    }
    if (path.empty()) {
        return failure(fmt::format("'{}' has no path, expected one such as {}/run/app.sock", text,
                                   scheme.prefix));
    }
    if (path.find('\0') != std::string_view::npos) {
        return failure(fmt::format("'{}...': a path cannot hold a NUL", scheme.prefix));
    }
    if (path.size() > kMaxUnixPath) {
        return failure(fmt::format("'{}': the path has {} bytes, a unix socket's at most {}", text,
                                   path.size(), kMaxUnixPath));
    }
    address.path = path;
    return address;
}

struct HostPort {
    std::string_view host;
    std::string_view port;
    bool bracketed = false;
    bool has_port = false;
};

Result<HostPort> split_host(std::string_view text, std::string_view rest, std::string_view prefix) {
    HostPort parts;
    if (rest.starts_with('[')) {
        const auto end = rest.find(']');
        if (end == std::string_view::npos) {
            return failure(
                fmt::format("'{}': the bracket of the IPv6 address is not closed", text));
        }
        parts.host = rest.substr(1, end - 1);
        parts.bracketed = true;
        rest.remove_prefix(end + 1);
        if (!rest.empty() && rest.front() != ':') {
            return failure(
                fmt::format("'{}': expected a colon and the port after the bracket", text));
        }
    } else {
        const auto colon = rest.rfind(':');
        parts.host = rest.substr(0, colon);
        if (parts.host.find(':') != std::string_view::npos) {
            return failure(
                fmt::format("'{}': an IPv6 address needs brackets, such as "
                            "{}[::1]:8000",
                            text, prefix));
        }
        rest.remove_prefix(parts.host.size());
    }
    parts.has_port = rest.size() > 1;
    parts.port = parts.has_port ? rest.substr(1) : std::string_view{};
    return parts;
}

using Found = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// The addresses of a host; if there are none, `code` says why.
Found look_up(const std::string& host, bool bracketed, int& code) {
    addrinfo hints{};
    hints.ai_family = bracketed ? AF_INET6 : AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | (bracketed ? AI_NUMERICHOST : 0);
    addrinfo* found = nullptr;
    code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    return {code == 0 ? found : nullptr, &::freeaddrinfo};
}

Result<void> resolve(Address& address, std::string_view host, bool bracketed) {
    int code = 0;
    Found found = look_up(std::string(host), bracketed, code);
    if (!found && host == "localhost") {  // its meaning needs no /etc/hosts (RFC 6761)
        found = look_up("127.0.0.1", false, code);
    }
    if (!found) {
        return failure(bracketed ? fmt::format("'{}' is no IPv6 address", host)
                                 : fmt::format("host '{}': {}", host, ::gai_strerror(code)));
    }
    std::array<char, NI_MAXHOST> literal{};
    if (::getnameinfo(found->ai_addr, found->ai_addrlen, literal.data(), literal.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
        return failure(fmt::format("host '{}' has no numeric address", host));
    }
    address.family = found->ai_family == AF_INET6 ? Family::Inet6 : Family::Inet;
    address.host = literal.data();
    return {};
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view port) {
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (!is_number(port) || error != std::errc{} || end != port.data() + port.size()) {
        return failure(
            fmt::format("'{}': '{}' is no port, expected a number from 0 to 65535", text, port));
    }
    return number;
}

Result<Address> parse_inet(std::string_view text, const Scheme& scheme) {
    const std::string_view rest = text.substr(scheme.prefix.size());
    if (rest.starts_with("unix:")) {
        return failure(fmt::format("'{}': did you mean {}{}?", text,
                                   prefix_of(scheme.protocol, scheme.tls, true), rest.substr(5)));
    }
    if (const auto tail = rest.find_first_of("/?#"); tail != std::string_view::npos) {
        return failure(fmt::format("'{}': nothing may follow the port; did you mean {}?", text,
                                   text.substr(0, scheme.prefix.size() + tail)));
    }
    const auto parts = split_host(text, rest, scheme.prefix);
    if (!parts) {
        return tl::unexpected(parts.error());
    }
    if (!parts->has_port) {
        return failure(
            fmt::format("'{}' has no port, expected one such as {}{}:8000", text, scheme.prefix,
                        rest.substr(0, rest.ends_with(':') ? rest.size() - 1 : rest.size())));
    }
    Address address{.protocol = scheme.protocol, .family = Family::Inet6, .tls = scheme.tls};
    const auto port = parse_port(text, parts->port);
    if (!port) {
        return tl::unexpected(port.error());
    }
    address.port = *port;
    if (parts->host == "*") {
        return failure(
            fmt::format("'{}': for every address write {}:{}", text, scheme.prefix, address.port));
    }
    if (parts->host.empty() && !parts->bracketed) {
        return address;
    }
    if (const auto done = resolve(address, parts->host, parts->bracketed); !done) {
        return failure(fmt::format("'{}': {}", text, done.error().message));
    }
    return address;
}

std::string format_inet6(const sockaddr_in6& address) {
    std::array<char, INET6_ADDRSTRLEN> literal{};
    const unsigned port = ntohs(address.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
        ::inet_ntop(AF_INET, &address.sin6_addr.s6_addr[12], literal.data(), literal.size());
        return fmt::format("{}:{}", literal.data(), port);
    }
    ::inet_ntop(AF_INET6, &address.sin6_addr, literal.data(), literal.size());
    return fmt::format("[{}]:{}", literal.data(), port);
}

std::string format_unix(const sockaddr_un& address, socklen_t length) {
    constexpr auto kPathOffset = offsetof(sockaddr_un, sun_path);
    if (length <= kPathOffset) {
        return "unix:";
    }
    const std::size_t size = std::min<std::size_t>(length - kPathOffset, sizeof address.sun_path);
    if (address.sun_path[0] == '\0') {
        return fmt::format("unix:@{}", std::string_view(address.sun_path + 1, size - 1));
    }
    return fmt::format("unix:{}",
                       std::string_view(address.sun_path, ::strnlen(address.sun_path, size)));
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    for (const Scheme& scheme : kSchemes) {
        if (text.starts_with(scheme.prefix)) {
            return scheme.unix_socket ? parse_unix(text, scheme) : parse_inet(text, scheme);
        }
    }
    return refuse_scheme(text);
}

std::string format_address(const Address& address) {
    const bool unix_socket = address.family == Family::Unix || address.family == Family::Abstract;
    const std::string_view prefix = prefix_of(address.protocol, address.tls, unix_socket);
    if (unix_socket) {
        return fmt::format("{}{}{}", prefix, address.family == Family::Abstract ? "@" : "",
                           address.path);
    }
    const bool bracket = address.family == Family::Inet6 && !address.host.empty();
    return fmt::format("{}{}{}{}:{}", prefix, bracket ? "[" : "", address.host, bracket ? "]" : "",
                       address.port);
}

std::string format_sockaddr(const sockaddr_storage& storage, socklen_t length) {
    // Copies, not casts: the storage may hold any of these, and aliasing it is undefined.
    switch (storage.ss_family) {
        case AF_INET: {
            sockaddr_in address{};
            std::memcpy(&address, &storage, sizeof address);
            std::array<char, INET_ADDRSTRLEN> literal{};
            ::inet_ntop(AF_INET, &address.sin_addr, literal.data(), literal.size());
            return fmt::format("{}:{}", literal.data(), unsigned{ntohs(address.sin_port)});
        }
        case AF_INET6: {
            sockaddr_in6 address{};
            std::memcpy(&address, &storage, sizeof address);
            return format_inet6(address);
        }
        case AF_UNIX: {
            sockaddr_un address{};
            std::memcpy(&address, &storage, sizeof address);
            return format_unix(address, length);
        }
        default:
            return "unknown";
    }
}

std::string_view without_scheme(std::string_view address) {
    address.remove_prefix(address.find(':') + 1);
    return address.substr(address.starts_with("//") ? 2 : 0);
}

}  // namespace geventd::net
