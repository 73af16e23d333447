// SPDX-License-Identifier: MIT
#include "master/ctl/client/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/errno_error.h"
#include "base/fd.h"
#include "base/place.h"
#include "config/control_place.h"
#include "net/unix_socket.h"

namespace geventd::ctl {

namespace {

constexpr const char* kNoAnswer = "the server does not answer";

constexpr auto kTrial = std::chrono::seconds(1);

class Patience {
  public:
    explicit Patience(std::optional<std::chrono::milliseconds> patience) {
        if (patience) {
            end_ = Clock::now() + *patience;
        }
    }

    /// For poll(2): -1 waits forever.
    [[nodiscard]] int left() const {
        if (!end_) {
            return -1;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(*end_ - Clock::now()).count();
        return left < 0 ? 0
                        : static_cast<int>(
                              std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
    }

  private:
    std::optional<TimePoint> end_;
};

std::string why_not(const std::string& path, int code) {
    switch (code) {
        case ENOENT:
        case ECONNREFUSED:
            return fmt::format("no geventd runs with this configuration (control socket {}: {})",
                               path, errno_text(code));
        case EACCES:
        case EPERM:
            return fmt::format(
                "permission denied for control socket {}: only root and the server's user may ask",
                path);
        case EAGAIN:
            return kNoAnswer;
        default:
            return fmt::format("control socket {}: {}", path, errno_text(code));
    }
}

bool wait_readable(int fd, const Patience& patience) {
    pollfd ready{fd, POLLIN, 0};
    int count = 0;
    do {
        count = ::poll(&ready, 1, patience.left());
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

/// Limits how long connecting and sending may block, for instance when a stopped master's queue is
/// full.
void bound_blocking(int fd, const Patience& patience) {
    if (const int left = patience.left(); left >= 0) {
        const timeval limit{left / 1000, left % 1000 * 1000 + 1};
        ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
}

/// In a folder where others may write, such as /tmp, anybody could listen in place of the server.
/// Trusted are root, our own user, and the owner of the folder. An abstract name is in none.
Result<void> check_server(int fd, const std::string& path) {
    ucred server{};
    socklen_t length = sizeof server;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &length) != 0) {
        return failure(fmt::format("control socket {}: {}", path, errno_text(errno)));
    }

    struct stat folder {};

    const std::size_t slash = path.rfind('/');
    const std::string name = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const bool abstract = config::is_abstract(path);
    if (is_trusted(server.uid) ||
        (!abstract && ::stat(name.c_str(), &folder) == 0 && folder.st_uid == server.uid)) {
        return {};
    }
    return failure(
        fmt::format("control socket {} is not believed: {} listens there, who is neither root nor "
                    "you{}",
                    path, user_text(server.uid), abstract ? "" : ", nor the owner of the folder"));
}

Result<net::UnixSockaddr> address_of(const std::string& place) {
    return config::is_abstract(place) ? net::make_unix_sockaddr(place.substr(1), true)
                                      : net::make_unix_sockaddr(place, false);
}

Result<UniqueFd> connect_to(const std::string& path, const Patience& patience) {
    const auto address = address_of(path);
    if (!address) {
        return failure(fmt::format("control socket {}: {}", path, address.error().message));
    }
    auto fd = UniqueFd::adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd) {
        bound_blocking(fd.get(), patience);
    }
    const auto* raw = reinterpret_cast<const sockaddr*>(&address->address);
    if (!fd || ::connect(fd.get(), raw, address->length) != 0) {
        return failure(why_not(path, errno));
    }
    if (const auto believed = check_server(fd.get(), path); !believed) {
        return tl::unexpected(believed.error());
    }
    return fd;
}

/// Ignores failures to send: a server that rejects us answers without reading.
void send_all(int fd, const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
        const ssize_t count = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            return;
        }
        sent += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
}

Result<std::string> receive_all(int fd, const Patience& patience) {
    std::string text;
    std::array<char, 65536> buffer;
    for (;;) {
        if (!wait_readable(fd, patience)) {
            return failure(kNoAnswer);
        }
        const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return text;  // the parser notices if it is incomplete
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > ipc::kMaxControlAnswer) {
            return failure("the server's answer is too long");
        }
    }
}

}  // namespace

bool is_listened_to(const std::string& place) {
    const auto address = address_of(place);
    const auto fd =
        UniqueFd::adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!address || !fd) {
        return false;
    }
    const auto* raw = reinterpret_cast<const sockaddr*>(&address->address);
    return ::connect(fd.get(), raw, address->length) == 0 ||
           (errno != ENOENT && errno != ENOTDIR && errno != ECONNREFUSED);
}

// The connection is there before and after, so the number was that process's all the time.
UniqueFd process_at(const std::string& place) {
    const auto fd = connect_to(place, Patience(kTrial));
    ucred server{};
    socklen_t length = sizeof server;
    if (!fd || ::getsockopt(fd->get(), SOL_SOCKET, SO_PEERCRED, &server, &length) != 0 ||
        server.pid == 0) {
        return {};
    }
    auto process = UniqueFd::adopt(static_cast<int>(::syscall(SYS_pidfd_open, server.pid, 0)));
    char byte = 0;
    const bool lives = ::recv(fd->get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
                       (errno == EAGAIN || errno == EWOULDBLOCK);
    return lives ? std::move(process) : UniqueFd();
}

Result<std::string> ask(const std::string& path, const ipc::ControlRequest& request,
                        std::optional<std::chrono::milliseconds> patience) {
    const Patience limit(patience);
    const auto fd = connect_to(path, limit);
    if (!fd) {
        return tl::unexpected(fd.error());
    }
    send_all(fd->get(), ipc::format_control_request(request));
    const auto answer = receive_all(fd->get(), limit);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (answer->empty()) {
        return failure("the server closed the connection without an answer");
    }
    return ipc::parse_control_answer(*answer);
}

}  // namespace geventd::ctl
