// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "base/fd.h"
#include "net/unix_socket.h"

namespace geventd::testing {

/// Connects over the loopback; empty, with errno set, on failure.
inline UniqueFd connect_inet(const char* host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &address.sin_addr);
    auto fd = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    return fd;
}

inline UniqueFd connect_inet6(std::uint16_t port) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    auto fd = UniqueFd::adopt(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    return fd;
}

inline UniqueFd connect_unix(const std::string& path, bool abstract = false) {
    const auto address = net::make_unix_sockaddr(path, abstract);
    auto fd = UniqueFd::adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!address || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address->address),
                              address->length) != 0) {
        return {};
    }
    return fd;
}

/// The errno of the exception that `call` throws; 0 if it throws none.
template <typename Call>
int thrown_code(Call call, std::string* text = nullptr) {
    try {
        call();
    } catch (const std::system_error& error) {
        if (text != nullptr) {
            *text = error.what();
        }
        return error.code().value();
    }
    return 0;
}

}  // namespace geventd::testing
