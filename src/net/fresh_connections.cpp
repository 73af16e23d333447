// SPDX-License-Identifier: MIT
#include "net/fresh_connections.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "net/address.h"
#include "net/unix_diag.h"

namespace geventd::net {

namespace {

struct Socket {
    int fd;
    ino_t inode;
};

/// A pipe, or a FIFO, with the ends that the process has.
struct Pipe {
    ino_t inode;
    int reader = -1;  ///< a descriptor, if it has that end
    bool has_writer = false;
};

struct Descriptors {
    std::vector<Socket> sockets;  ///< of several descriptors for the same socket, only the first
    std::vector<Pipe> pipes;
};

void add_socket(std::vector<Socket>& sockets, const Socket& socket) {
    const auto is_same = [&](const Socket& other) { return other.inode == socket.inode; };
    if (std::none_of(sockets.begin(), sockets.end(), is_same)) {
        sockets.push_back(socket);
    }
}

void add_end(std::vector<Pipe>& pipes, int fd, ino_t inode) {
    const auto is_same = [&](const Pipe& other) { return other.inode == inode; };
    auto pipe = std::find_if(pipes.begin(), pipes.end(), is_same);
    if (pipe == pipes.end()) {
        pipe = pipes.insert(pipes.end(), Pipe{inode});
    }
    const int mode = ::fcntl(fd, F_GETFL) & O_ACCMODE;
    if (mode != O_WRONLY) {
        pipe->reader = fd;
    }
    pipe->has_writer = pipe->has_writer || mode != O_RDONLY;
}

Descriptors own_descriptors() {
    const auto close = [](DIR* folder) { ::closedir(folder); };
    const std::unique_ptr<DIR, decltype(close)> folder(::opendir("/proc/self/fd"), close);
    if (!folder) {
        throw_errno("open", "/proc/self/fd");
    }
    Descriptors own;
    while (const dirent* entry = ::readdir(folder.get())) {
        struct stat status {};

        const int fd = std::atoi(entry->d_name);  // "." and ".." give 0, which is examined anyway
        if (::fstat(fd, &status) != 0) {
            continue;
        }
        if (S_ISSOCK(status.st_mode)) {
            add_socket(own.sockets, {fd, status.st_ino});
        } else if (S_ISFIFO(status.st_mode)) {
            add_end(own.pipes, fd, status.st_ino);
        }
    }
    std::sort(own.sockets.begin(), own.sockets.end(),
              [](const Socket& one, const Socket& other) { return one.fd < other.fd; });
    return own;
}

// Whether another process writes to the pipe, and only this one reads: a helper that answers. What
// was only written to the helper would be no matter (a log).
bool is_from_outside(const Pipe& pipe) {
    pollfd watched{pipe.reader, POLLIN, 0};
    return pipe.reader >= 0 && !pipe.has_writer && ::poll(&watched, 1, 0) >= 0 &&
           (watched.revents & POLLHUP) == 0;
}

int option(int fd, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

bool is_stream(int fd) {
    const int type = option(fd, SOL_SOCKET, SO_TYPE);
    return (type == SOCK_STREAM || type == SOCK_SEQPACKET) &&
           option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0;
}

using GetName = int (*)(int, sockaddr*, socklen_t*);

// The address of one end; "" when it has none.
std::string end_of(int fd, GetName get_name) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (get_name(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
        return "";
    }
    const std::string name = format_sockaddr(storage, length);
    return name.starts_with("unix:") ? name.substr(5) : name;
}

bool is_unix(int fd) {
    return option(fd, SOL_SOCKET, SO_DOMAIN) == AF_UNIX;
}

bool is_inet(int fd) {
    const int family = option(fd, SOL_SOCKET, SO_DOMAIN);
    return family == AF_INET || family == AF_INET6;
}

// getpeername() does not report sockets that are still connecting.
bool is_connecting(int fd) {
    tcp_info info{};
    socklen_t length = sizeof info;
    return !is_unix(fd) && ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           info.tcpi_state == TCP_SYN_SENT;
}

// Asked without reading, which would take a pending error away from the application.
bool is_over(int fd) {
    pollfd watched{fd, POLLRDHUP, 0};
    int unread = 0;
    return ::poll(&watched, 1, 0) == 1 && (watched.revents & (POLLRDHUP | POLLHUP)) != 0 &&
           ::ioctl(fd, FIONREAD, &unread) == 0 && unread == 0;
}

struct Isolated {
    std::string_view prefix;
    std::string_view part;
};

// Connections that a forked process may go on using: logs, from which nobody reads, and clients
// that check whether their pid has changed (the C library's name services, multiprocessing's
// managers).
constexpr std::array kIsolated = {
    Isolated{"/dev/log", ""},
    Isolated{"/run/systemd/journal/", ""},
    Isolated{"/var/run/log", ""},
    Isolated{"/var/run/syslog", ""},
    Isolated{"/var/lib/sss/pipes/", ""},
    Isolated{"/run/samba/winbindd/", ""},
    Isolated{"/", "/pymp-"},
};

bool is_isolated(std::string_view peer) {
    return std::any_of(kIsolated.begin(), kIsolated.end(), [&](const Isolated& isolated) {
        return peer.starts_with(isolated.prefix) &&
               peer.find(isolated.part) != std::string_view::npos;
    });
}

pid_t pid_of_peer(int fd) {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

/// All sockets and pipes of the process at one moment.
class Census {
  public:
    Census() : own_(own_descriptors()) {
        for (const Socket& socket : own_.sockets) {
            if (is_stream(socket.fd) && is_inet(socket.fd)) {
                ends_.insert({end_of(socket.fd, ::getsockname), end_of(socket.fd, ::getpeername)});
            }
        }
    }

    [[nodiscard]] const std::vector<Socket>& sockets() const { return own_.sockets; }

    [[nodiscard]] const std::vector<Pipe>& pipes() const { return own_.pipes; }

    /// Who else reads what is written to this socket; "" when nobody does who matters.
    [[nodiscard]] std::string outsider(const Socket& socket) const {
        if (!is_stream(socket.fd)) {
            return "";
        }
        if (is_connecting(socket.fd)) {
            return "a connection that is being made";
        }
        sockaddr_storage storage{};
        socklen_t length = sizeof storage;
        if (::getpeername(socket.fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0 ||
            is_over(socket.fd)) {
            return "";
        }
        const std::string peer = end_of(socket.fd, ::getpeername);
        if (is_unix(socket.fd)) {
            return is_inside(socket) || is_isolated(peer) ? "" : named(socket, peer);
        }
        if (!is_inet(socket.fd)) {
            return fmt::format("a socket of address family {}",
                               option(socket.fd, SOL_SOCKET, SO_DOMAIN));
        }
        return ends_.contains({peer, end_of(socket.fd, ::getsockname)}) ? "" : peer;
    }

  private:
    [[nodiscard]] bool is_inside(const Socket& socket) const {
        const std::optional<UnixDiag> diag = unix_diag(socket.fd);
        if (!diag) {
            return pid_of_peer(socket.fd) == ::getpid();
        }
        return std::any_of(own_.sockets.begin(), own_.sockets.end(), [&](const Socket& own) {
            return static_cast<std::uint32_t>(own.inode) == diag->peer;
        });
    }

    static std::string named(const Socket& socket, const std::string& peer) {
        const bool has_name = !peer.empty() && peer != "@";
        return has_name ? peer : fmt::format("a unix socket of process {}", pid_of_peer(socket.fd));
    }

    Descriptors own_;
    std::set<std::pair<std::string, std::string>> ends_;  ///< local and peer address, over IP
};

/// Names with how often each was found, in the order in which they came.
class Tally {
  public:
    void add(const std::string& name) {
        const auto same = std::find_if(counts_.begin(), counts_.end(),
                                       [&](const auto& other) { return other.first == name; });
        if (same == counts_.end()) {
            counts_.emplace_back(name, 1);
        } else {
            ++same->second;
        }
    }

    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> texts;
        texts.reserve(counts_.size());
        for (const auto& [name, count] : counts_) {
            texts.push_back(count == 1 ? name : fmt::format("{} ({} connections)", name, count));
        }
        return texts;
    }

  private:
    std::vector<std::pair<std::string, int>> counts_;
};

}  // namespace

FreshConnections::FreshConnections() {
    const Descriptors own = own_descriptors();
    for (const Socket& socket : own.sockets) {
        known_.insert(socket.inode);
    }
    for (const Pipe& pipe : own.pipes) {
        known_.insert(pipe.inode);
    }
}

std::vector<std::string> FreshConnections::peers(const std::set<int>& silent) const {
    const Census census;
    Tally found;
    for (const Socket& socket : census.sockets()) {
        const std::string peer = known_.contains(socket.inode) ? "" : census.outsider(socket);
        if (!peer.empty()) {
            found.add(peer);
        }
    }
    for (const Pipe& pipe : census.pipes()) {
        if (!known_.contains(pipe.inode) && !silent.contains(pipe.reader) &&
            is_from_outside(pipe)) {
            found.add("a pipe from another process");
        }
    }
    return found.texts();
}

}  // namespace geventd::net
