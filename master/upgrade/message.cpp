// SPDX-License-Identifier: MIT
#include "master/upgrade/message.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

constexpr std::string_view kGreeting = "geventd-upgrade 1 ";
constexpr std::size_t kMaxFds = 252;  // the kernel takes 253
constexpr std::string_view kMoreFds = "descriptors";
constexpr int kRoom = 1 << 20;
constexpr std::size_t kMostBody = 64 << 10;  // beside many listeners
constexpr off_t kLargestBody = 256 << 20;
constexpr const char* kBodyInFile = "body-in-file";

void attach(msghdr& packet, std::span<const UniqueFd> fds) {
    cmsghdr* control = CMSG_FIRSTHDR(&packet);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    unsigned char* place = CMSG_DATA(control);
    for (const UniqueFd& fd : fds) {
        const int number = fd.get();
        std::memcpy(place, &number, sizeof number);
        place += sizeof number;
    }
}

std::vector<UniqueFd> take_fds(msghdr& packet) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* control = CMSG_FIRSTHDR(&packet); control != nullptr;
         control = CMSG_NXTHDR(&packet, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t size = control->cmsg_len - CMSG_LEN(0);
        for (std::size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(control) + at, sizeof fd);
            fds.push_back(UniqueFd::adopt(fd));
        }
    }
    return fds;
}

UniqueFd write_body(std::string_view body) {
    UniqueFd file = UniqueFd::adopt(::memfd_create("upgrade", MFD_CLOEXEC));
    if (!file) {
        throw_errno("memfd_create");
    }
    while (!body.empty()) {
        const ssize_t written = ::write(file.get(), body.data(), body.size());
        if (written < 0) {
            throw_errno("write to a memory file");
        }
        body.remove_prefix(static_cast<std::size_t>(written));
    }
    return file;
}

// Has the message as it was before it was sent; false when that is not possible.
bool take_body(UpgradeMessage& message) {
    if (message.fields.erase(kBodyInFile) == 0) {
        return true;
    }

    struct stat facts {};

    if (message.fds.empty() || ::fcntl(message.fds.back().get(), F_GET_SEALS) < 0 ||
        ::fstat(message.fds.back().get(), &facts) < 0 || facts.st_size > kLargestBody) {
        return false;
    }
    message.body.resize(static_cast<std::size_t>(facts.st_size));
    const ssize_t got =
        ::pread(message.fds.back().get(), message.body.data(), message.body.size(), 0);
    message.fds.pop_back();
    return got == facts.st_size;
}

template <typename Call>
ssize_t uninterrupted(Call call) {
    ssize_t got = 0;
    do {
        got = call();
    } while (got < 0 && errno == EINTR);
    return got;
}

}  // namespace

std::string_view UpgradeMessage::text(const std::string& key) const {
    const auto found = fields.find(key);
    return found == fields.end() ? std::string_view() : found->second;
}

std::int64_t UpgradeMessage::number(const std::string& key) const {
    const std::string_view digits = text(key);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::string format_upgrade_message(const UpgradeMessage& message) {
    std::string bytes(kGreeting);
    bytes.append(message.type).append("\n");
    for (const auto& [key, value] : message.fields) {
        std::string line = value;
        std::replace(line.begin(), line.end(), '\n', ' ');
        bytes.append(key).append(": ").append(line).append("\n");
    }
    bytes.append("\n").append(message.body);
    return bytes;
}

Result<UpgradeMessage> parse_upgrade_message(std::string_view bytes) {
    if (bytes.substr(0, kGreeting.size()) != kGreeting) {
        return failure("the other geventd speaks another version of the upgrade");
    }
    bytes.remove_prefix(kGreeting.size());
    UpgradeMessage message;
    for (bool first = true;; first = false) {
        const std::size_t end = bytes.find('\n');
        if (end == std::string_view::npos) {
            return failure("a message of the upgrade is cut off");
        }
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 1);
        const std::size_t colon = line.find(": ");
        if (first) {
            message.type = line;
        } else if (line.empty()) {
            break;
        } else if (colon != std::string_view::npos) {
            message.fields[std::string(line.substr(0, colon))] = line.substr(colon + 2);
        }
    }
    message.body = bytes;
    return message;
}

std::pair<UpgradeLine, UpgradeLine> UpgradeLine::make_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) < 0) {
        throw_errno("socketpair");
    }
    std::pair<UpgradeLine, UpgradeLine> line{UpgradeLine(UniqueFd::adopt(ends[0])),
                                             UpgradeLine(UniqueFd::adopt(ends[1]))};
    for (const int fd : ends) {
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kRoom, sizeof kRoom);
    }
    return line;
}

UpgradeLine::Sent UpgradeLine::send(const UpgradeMessage& message) noexcept {
    if (message.body.size() <= kMostBody) {
        return send_parts(message, message.fds);
    }
    UpgradeMessage outline;
    try {
        outline.type = message.type;
        outline.fields = message.fields;
        outline.fields[kBodyInFile] = "1";
        for (const UniqueFd& fd : message.fds) {
            outline.fds.push_back(duplicate(fd.get()));
        }
        outline.fds.push_back(write_body(message.body));
    } catch (const std::exception&) {
        return Sent::Full;
    }
    return send_parts(outline, outline.fds);
}

UpgradeLine::Sent UpgradeLine::send_parts(const UpgradeMessage& message,
                                          std::span<const UniqueFd> fds) noexcept {
    UpgradeMessage more;
    more.type = kMoreFds;
    for (; fds.size() > kMaxFds; fds = fds.subspan(kMaxFds)) {
        if (const Sent sent = send_packet(format_upgrade_message(more), fds.first(kMaxFds));
            sent != Sent::Yes) {
            return Sent::Gone;  // what has begun cannot be sent again
        }
    }
    return send_packet(format_upgrade_message(message), fds);
}

UpgradeLine::Sent UpgradeLine::send_packet(std::string bytes,
                                           std::span<const UniqueFd> fds) noexcept {
    if (!fd_ || bytes.size() > kMaxUpgradeMessage) {
        return Sent::Gone;
    }
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
    iovec part{bytes.data(), bytes.size()};
    msghdr packet{};
    packet.msg_iov = &part;
    packet.msg_iovlen = 1;
    if (!fds.empty()) {
        packet.msg_control = control.data();
        packet.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        attach(packet, fds);
    }
    const ssize_t sent =
        uninterrupted([&] { return ::sendmsg(fd_.get(), &packet, MSG_NOSIGNAL | MSG_DONTWAIT); });
    if (sent >= 0) {
        return Sent::Yes;
    }
    return errno == EAGAIN || errno == ENOBUFS ? Sent::Full : Sent::Gone;
}

UpgradeLine::Received UpgradeLine::receive(UpgradeMessage& message) noexcept {
    for (;;) {
        const Received received = receive_packet(message);
        if (received != Received::Message) {
            return received;
        }
        std::move(message.fds.begin(), message.fds.end(), std::back_inserter(earlier_));
        if (message.type != kMoreFds) {
            message.fds = std::exchange(earlier_, {});
            return take_body(message) ? received : Received::Closed;
        }
    }
}

UpgradeLine::Received UpgradeLine::receive_packet(UpgradeMessage& message) noexcept {
    if (!fd_) {
        return Received::Closed;
    }
    std::string bytes(kMaxUpgradeMessage, '\0');
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
    iovec part{bytes.data(), bytes.size()};
    msghdr packet{};
    packet.msg_iov = &part;
    packet.msg_iovlen = 1;
    packet.msg_control = control.data();
    packet.msg_controllen = control.size();
    const auto take = [&] {
        return ::recvmsg(fd_.get(), &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    };
    ssize_t got = uninterrupted(take);
    if (got < 0 && errno == ECONNRESET) {
        got = uninterrupted(take);  // said once, before what the other one had said itself
    }
    if (got < 0) {
        return errno == EAGAIN ? Received::Empty : Received::Closed;
    }
    std::vector<UniqueFd> fds = take_fds(packet);
    auto parsed = parse_upgrade_message({bytes.data(), static_cast<std::size_t>(got)});
    if (!parsed) {
        return Received::Closed;
    }
    message = std::move(*parsed);
    message.fds = std::move(fds);
    return Received::Message;
}

bool UpgradeLine::wait(int milliseconds) const noexcept {
    pollfd readable{fd_.get(), POLLIN, 0};
    return uninterrupted([&] { return ::poll(&readable, 1, milliseconds); }) > 0;
}

}  // namespace geventd::master
