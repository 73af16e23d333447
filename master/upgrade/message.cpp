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
#include <iterator>
#include <utility>

#include "base/errno_error.h"
#include "base/packet.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

constexpr std::string_view kGreeting = "geventd-upgrade 1 ";
constexpr std::size_t kMaxFds = 252;  // every version has room for this number
constexpr std::string_view kMoreFds = "descriptors";
constexpr int kRoom = 1 << 20;
constexpr std::size_t kMostBody = 64 << 10;  // leaves room for many listeners
constexpr off_t kLargestBody = 256 << 20;
constexpr const char* kBodyInFile = "body-in-file";

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

// Reads a body that was sent in a file back into the message; false when that fails.
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
            return Sent::Gone;  // the rest cannot be sent again
        }
    }
    return send_packet(format_upgrade_message(message), fds);
}

UpgradeLine::Sent UpgradeLine::send_packet(std::string bytes,
                                           std::span<const UniqueFd> fds) noexcept {
    if (!fd_ || bytes.size() > kMaxUpgradeMessage) {
        return Sent::Gone;
    }
    iovec piece{bytes.data(), bytes.size()};
    switch (geventd::send_packet(fd_.get(), {&piece, 1}, fds)) {
        case 0:
            return Sent::Yes;
        case EAGAIN:
        case ENOBUFS:
            return Sent::Full;
        default:
            return Sent::Gone;
    }
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
    Packet packet = geventd::receive_packet(fd_.get(), bytes);
    if (packet.size < 0) {
        return packet.error == EAGAIN ? Received::Empty : Received::Closed;
    }
    if (packet.lost_fds) {
        log::error("cannot receive what the other geventd hands over: no descriptors are left");
        return Received::Closed;
    }
    auto parsed = parse_upgrade_message({bytes.data(), static_cast<std::size_t>(packet.size)});
    if (!parsed) {
        return Received::Closed;
    }
    message = std::move(*parsed);
    message.fds = std::move(packet.fds);
    return Received::Message;
}

bool UpgradeLine::wait(int milliseconds) const noexcept {
    pollfd readable{fd_.get(), POLLIN, 0};
    int ready = 0;
    do {
        ready = ::poll(&readable, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

}  // namespace geventd::master
