// SPDX-License-Identifier: MIT
#include "master/host/syslog_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "net/unix_socket.h"

namespace geventd::master {

namespace {

constexpr int kDaemonFacility = 3 << 3;
constexpr int kInfo = 6;

// The names are English whatever the locale: the master has none.
std::string stamp(std::time_t now) {
    std::array<char, 32> text{};
    tm local{};
    ::localtime_r(&now, &local);
    return {text.data(), ::strftime(text.data(), text.size(), "%b %e %H:%M:%S", &local)};
}

}  // namespace

std::string syslog_message(std::string_view line, std::time_t now) {
    int severity = kInfo;
    if (line.size() >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
        severity = line[1] - '0';
        line.remove_prefix(3);
    }
    return fmt::format("<{}>{} geventd[{}]: {}", kDaemonFacility | severity, stamp(now), ::getpid(),
                       line);
}

SyslogSocket::SyslogSocket(std::string path) : path_(std::move(path)) {
    connect();
}

void SyslogSocket::connect() {
    const std::string deed = "log.file syslog: connect to " + path_;
    const auto where = net::make_unix_sockaddr(path_, false);
    if (!where) {
        throw ErrnoError(ENAMETOOLONG, deed);
    }
    socket_ = UniqueFd::adopt(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* raw = reinterpret_cast<const sockaddr*>(&where->address);
    if (!socket_ || ::connect(socket_.get(), raw, where->length) != 0) {
        throw_errno(deed);
    }
}

bool SyslogSocket::send(std::string_view line) noexcept {
    try {
        if (lost_ > 0 && put(fmt::format("<4>{} lines were lost: syslog did not take them",
                                         lost_)) == Fate::Sent) {
            lost_ = 0;
        }
        const Fate fate = put(line);
        lost_ += fate == Fate::Failed ? 1 : 0;
        return fate != Fate::NoRoom;
    } catch (const std::exception&) {
        lose();
        return true;
    }
}

SyslogSocket::Fate SyslogSocket::put(std::string_view line) {
    const std::string message = syslog_message(line, ::time(nullptr));
    const auto sent = [&] {
        return ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0;
    };
    if (sent()) {
        return Fate::Sent;
    }
    if (errno == EAGAIN) {
        return Fate::NoRoom;
    }
    connect();
    return sent() ? Fate::Sent : Fate::Failed;
}

}  // namespace geventd::master
