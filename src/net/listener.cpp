// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "net/listening.h"

namespace geventd::net {

namespace {

std::string deed_for(const Address& address) {
    return "listen " + format_address(address);
}

struct InetSockaddr {
    sockaddr_storage address{};
    socklen_t length = 0;
    bool dual_stack = false;
};

InetSockaddr wildcard(int family, std::uint16_t port) {
    InetSockaddr result;
    if (family == AF_INET6) {
        sockaddr_in6 any{};
        any.sin6_family = AF_INET6;
        any.sin6_port = htons(port);
        std::memcpy(&result.address, &any, sizeof any);
        result.length = sizeof any;
        result.dual_stack = true;
    } else {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_port = htons(port);
        std::memcpy(&result.address, &any, sizeof any);
        result.length = sizeof any;
    }
    return result;
}

/// The host is a literal by now; getaddrinfo also parses those with a scope ("fe80::1%eth0").
InetSockaddr literal(const Address& address, bool ipv6_only, const std::string& deed) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = address.family == Family::Inet6 ? AF_INET6 : AF_INET;
    addrinfo* found = nullptr;
    const auto port = std::to_string(address.port);
    if (::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) {
        throw ErrnoError(EINVAL, deed);
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    InetSockaddr result;
    std::memcpy(&result.address, found->ai_addr, found->ai_addrlen);
    result.length = found->ai_addrlen;
    result.dual_stack = address.host == "::" && !ipv6_only;
    return result;
}

void set_option(int fd, int level, int name, int value, const std::string& deed) {
    if (::setsockopt(fd, level, name, &value, sizeof value) != 0) {
        throw_errno(deed + ": setsockopt");
    }
}

std::uint16_t port_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 inet6{};
        std::memcpy(&inet6, &address, sizeof inet6);
        return ntohs(inet6.sin6_port);
    }
    if (address.ss_family == AF_INET) {
        sockaddr_in inet{};
        std::memcpy(&inet, &address, sizeof inet);
        return ntohs(inet.sin_port);
    }
    return 0;
}

/// The first port that everybody may take.
int first_free_port() {
    std::ifstream file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    int port = 0;
    return file >> port ? port : 1024;
}

void bind_to(int fd, const void* address, socklen_t length, const std::string& deed) {
    if (::bind(fd, static_cast<const sockaddr*>(address), length) != 0) {
        throw_errno(deed + ": bind");
    }
}

void bind_port(int fd, const InetSockaddr& where, const std::string& deed) {
    try {
        bind_to(fd, &where.address, where.length, deed);
    } catch (const ErrnoError& error) {
        const int limit = first_free_port();
        if (error.code().value() != EACCES || port_of(where.address) >= limit) {
            throw;
        }
        throw ErrnoError(EACCES,
                         fmt::format("{}: a port below {} can be opened by root (the workers "
                                     "become process.user), by systemd (listen.systemd), or "
                                     "with CAP_NET_BIND_SERVICE",
                                     deed, limit));
    }
}

UniqueFd bind_inet(const InetSockaddr& where, const std::string& deed) {
    const int family = where.address.ss_family;
    auto fd = UniqueFd::adopt(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        throw_errno(deed + ": socket");
    }
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, deed);
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1, deed);
    if (family == AF_INET6) {
        set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, where.dual_stack ? 0 : 1, deed);
    }
    bind_port(fd.get(), where, deed);
    return fd;
}

UniqueFd bind_wildcard(std::uint16_t port, const std::string& deed) {
    try {
        return bind_inet(wildcard(AF_INET6, port), deed);
    } catch (const ErrnoError& error) {
        const int code = error.code().value();
        if (code != EAFNOSUPPORT && code != EADDRNOTAVAIL) {
            throw;
        }
        return bind_inet(wildcard(AF_INET, port), deed);  // a machine without IPv6
    }
}

int get_option(int fd, int name, const std::string& deed) {
    int value = 0;
    socklen_t length = sizeof value;
    if (::getsockopt(fd, SOL_SOCKET, name, &value, &length) != 0) {
        throw_errno(deed + ": take over descriptor " + std::to_string(fd));
    }
    return value;
}

bool fits(Family family, int domain) {
    if (family == Family::Unix || family == Family::Abstract) {
        return domain == AF_UNIX;
    }
    return domain == AF_INET || domain == AF_INET6;
}

// 0: not bound to a port, or a socket of another kind.
std::uint16_t bound_port(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0
               ? port_of(address)
               : std::uint16_t{0};
}

void make_nonblocking(int fd, const std::string& deed) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        throw_errno(deed + ": fcntl");
    }
}

}  // namespace

Listener::Listener(UniqueFd fd, Address address)
    : fd_(std::move(fd)), wanted_(std::move(address)), actual_(wanted_) {}

Listener Listener::open(const Address& address, const ListenOptions& options) {
    const std::string deed = deed_for(address);
    if (address.family == Family::Unix) {
        auto bound = bind_unix_socket(address.path, options.access, deed);
        Listener result(std::move(bound.fd), address);
        result.file_ = std::move(bound.file);
        result.owner_ = FileOwner::Us;
        result.start_listening(options.backlog);
        return result;
    }
    UniqueFd fd;
    if (address.family == Family::Abstract) {
        fd = bind_abstract_socket(address.path, deed);
    } else if (address.host.empty()) {
        fd = bind_wildcard(address.port, deed);
    } else {
        fd = bind_inet(literal(address, options.ipv6_only, deed), deed);
    }
    Listener result(std::move(fd), address);
    result.start_listening(options.backlog);
    result.learn_actual();
    return result;
}

Listener Listener::adopt(UniqueFd fd, const Address& address) {
    const std::string deed = deed_for(address);
    const bool is_tcp = address.family == Family::Inet || address.family == Family::Inet6;
    const bool listens = get_option(fd.get(), SO_ACCEPTCONN, deed) != 0;
    // A socket that was shut down is still bound.
    if (get_option(fd.get(), SO_TYPE, deed) != SOCK_STREAM ||
        !fits(address.family, get_option(fd.get(), SO_DOMAIN, deed)) ||
        !(listens || (is_tcp && bound_port(fd.get()) != 0))) {
        throw ErrnoError(EINVAL, deed + ": descriptor " + std::to_string(fd.get()) +
                                     " is no listening socket of that kind");
    }
    make_nonblocking(fd.get(), deed);
    set_cloexec(fd.get(), true);
    if (is_tcp) {
        set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1, deed);
    }
    Listener result(std::move(fd), address);
    result.learn_actual();
    if (!listens) {
        result.revive(ListenOptions().backlog);
    }
    return result;
}

Listener Listener::share() const {
    Listener copy(duplicate(fd_.get()), wanted_);
    copy.actual_ = actual_;
    copy.name_ = name_;
    copy.name_length_ = name_length_;
    copy.file_ = file_;
    copy.owner_ = owner_;
    return copy;
}

void Listener::find_file() {
    if (wanted_.family == Family::Unix) {
        file_ = SocketFile::of(fd_.get(), wanted_.path);
    }
}

void Listener::own_file() noexcept {
    if (file_.is_named()) {
        owner_ = FileOwner::Us;
    }
}

void Listener::unlink_own() noexcept {
    if (owner_ == FileOwner::Us) {
        file_.unlink_own();
        owner_ = FileOwner::Others;
    }
}

void Listener::change(const Wanted& wanted) {
    // A second listen() only sets the backlog, but a socket that is down could get another port.
    if (!is_down()) {
        start_listening(wanted.options.backlog);
    }
    if (owner_ == FileOwner::Us) {
        file_.set_access(wanted.options.access);
    }
    wanted_.protocol = actual_.protocol = wanted.address.protocol;
    wanted_.tls = actual_.tls = wanted.address.tls;
}

void Listener::start_listening(int backlog) {
    if (::listen(fd_.get(), backlog) != 0) {
        const int code = errno;
        unlink_own();
        throw ErrnoError(code, deed_for(wanted_) + ": listen");
    }
}

void Listener::learn_actual() {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
        throw_errno(deed_for(wanted_) + ": getsockname");
    }
    if (storage.ss_family != AF_UNIX) {
        actual_.port = port_of(storage);
        name_ = storage;
        name_length_ = length;
    }
}

bool Listener::is_down() const noexcept {
    return !is_listening(fd_.get());
}

bool Listener::is_dual_stack() const noexcept {
    int alone = 0;
    socklen_t length = sizeof alone;
    return ::getsockopt(fd_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &alone, &length) == 0 && alone == 0;
}

void Listener::revive(int backlog) {
    const int error =
        name_length_ == 0 ? EINVAL : listen_again(fd_.get(), name_, name_length_, backlog);
    if (error != 0) {
        throw ErrnoError(error, deed_for(wanted_) + ": listen again");
    }
}

bool same_endpoint(const Address& left, const Address& right) {
    Address as_left = right;
    as_left.protocol = left.protocol;
    as_left.tls = left.tls;
    return left == as_left;
}

}  // namespace geventd::net
