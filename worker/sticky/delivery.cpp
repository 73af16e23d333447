// SPDX-License-Identifier: MIT
#include "worker/sticky/delivery.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/errno_error.h"
#include "base/packet.h"
#include "base/uninterrupted.h"
#include "log/logger.h"
#include "net/unix_socket.h"

namespace geventd::worker {

namespace {

// How many may wait in the kernel's queue, beyond limits.connections; then the client is asked to
// come again.
constexpr int kBacklog = 128;

// What was received goes in the packet up to this size, and beyond in a file of memory: the kernel
// refuses a packet that is larger than a socket's buffer.
constexpr std::size_t kMostInPacket = 64 << 10;
constexpr std::size_t kMostOfLabel = 1024;

// More than any head and what is read along with it.
constexpr off_t kMostInFile = off_t{256} << 20;

UniqueFd make_socket() noexcept {
    return UniqueFd::adopt(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

net::UnixSockaddr address_of(const Mark& mark) {
    return *net::make_unix_sockaddr(mark.socket_name(), true);
}

// Anybody in the network namespace can use an abstract name.
bool is_of_own_user(int fd) noexcept {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer.uid == ::geteuid();
}

// What passes: the other's queue is full, or this process has no descriptor or memory left. All
// else would be so next time, too.
Delivery meaning_of(int error) noexcept {
    switch (error) {
        case EAGAIN:
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case ETOOMANYREFS:
            return Delivery::Busy;
        default:
            return Delivery::Gone;
    }
}

// Empty when there can be none.
UniqueFd in_memory(std::string_view bytes) noexcept {
    UniqueFd file = UniqueFd::adopt(::memfd_create("geventd-sticky", MFD_CLOEXEC));
    while (file && !bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0) {
            return {};
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return file;
}

bool append_all_of(const UniqueFd& file, std::string& bytes) {
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    if (size < 0 || size > kMostInFile) {
        return false;
    }
    const std::size_t before = bytes.size();
    bytes.resize(before + static_cast<std::size_t>(size));
    return ::pread(file.get(), bytes.data() + before, static_cast<std::size_t>(size), 0) == size;
}

// In a list, as it is sent. Empty when there is no free number.
std::vector<UniqueFd> duplicates_of(int connection) {
    std::vector<UniqueFd> fds;
    fds.push_back(UniqueFd::adopt(::fcntl(connection, F_DUPFD_CLOEXEC, 0)));
    return fds;
}

// Returns 0 or the errno.
int send(const UniqueFd& line, std::string_view label, std::string_view rest,
         const std::vector<UniqueFd>& fds) noexcept {
    if (!fds.front() || !fds.back()) {
        return EMFILE;
    }
    const auto piece = [](std::string_view bytes) {
        return iovec{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: is read
    };
    std::array<iovec, 2> pieces{piece(label), piece(rest)};
    return send_packet(line.get(), pieces, fds);
}

}  // namespace

Delivery deliver(const Mark& mark, const Parcel& parcel, int connection) {
    const net::UnixSockaddr to = address_of(mark);
    const UniqueFd line = make_socket();
    if (!line) {
        return meaning_of(errno);
    }
    if (::connect(line.get(), reinterpret_cast<const sockaddr*>(&to.address), to.length) != 0) {
        return meaning_of(errno);
    }
    if (!is_of_own_user(line.get())) {
        return Delivery::Gone;
    }
    const std::string label = pack(parcel);
    int error = EMSGSIZE;
    if (parcel.bytes.size() <= kMostInPacket) {
        error = send(line, label, parcel.bytes, duplicates_of(connection));
    }
    if (error == EMSGSIZE) {  // or net.core.wmem_default is small
        std::vector<UniqueFd> fds = duplicates_of(connection);
        fds.push_back(in_memory(parcel.bytes));
        error = send(line, label, {}, fds);
    }
    return error == 0 ? Delivery::Done : meaning_of(error);
}

UniqueFd listen_for_deliveries(const Mark& mark) {
    const net::UnixSockaddr at = address_of(mark);
    UniqueFd fd = raised(make_socket());
    if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at.address), at.length) != 0 ||
        ::listen(fd.get(), kBacklog) != 0) {
        throw_errno("listen for sticky sessions");
    }
    return fd;
}

UniqueFd accept_delivery(int listener) noexcept {
    return UniqueFd::adopt(uninterrupted(
        [=] { return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }));
}

Delivered receive_delivery(int line) {
    Delivered delivered;
    if (!is_of_own_user(line)) {
        return delivered;
    }
    delivered.packet.resize(kMostOfLabel + kMostInPacket);
    Packet packet = receive_packet(line, delivered.packet);
    if (packet.size < 0 && packet.error == EAGAIN) {
        delivered.state = Delivered::State::Awaited;
        return delivered;
    }
    if (packet.lost_fds) {
        log::error(
            "out of descriptors: a connection that another worker delivered is closed; raise "
            "RLIMIT_NOFILE or lower limits.connections");
    }
    if (packet.size <= 0 || packet.cut || packet.lost_fds || packet.fds.empty()) {
        return delivered;
    }
    delivered.packet.resize(static_cast<std::size_t>(packet.size));
    if (packet.fds.size() > 1 && !append_all_of(packet.fds[1], delivered.packet)) {
        return delivered;
    }
    if (auto parcel = unpack_parcel(delivered.packet)) {
        delivered.parcel = std::move(*parcel);
        delivered.connection = std::move(packet.fds.front());
        delivered.state = Delivered::State::Here;
    }
    return delivered;
}

}  // namespace geventd::worker
