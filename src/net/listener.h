// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "base/fd.h"
#include "net/address.h"
#include "net/unix_socket.h"

namespace geventd::net {

struct ListenOptions {
    int backlog = 1024;
    UnixAccess access;       ///< unix sockets with a path only
    bool ipv6_only = false;  ///< `[::]` only: IPv4 clients are refused

    bool operator==(const ListenOptions&) const = default;
};

struct Wanted {
    Address address;
    ListenOptions options;
};

/// One listening stream socket: CLOEXEC, non-blocking, TCP_NODELAY (which accepted sockets inherit
/// on Linux). The wildcard host is one socket for IPv4 and IPv6, or only IPv4 where there is no
/// IPv6; `[::]` is both, or IPv6 alone. Closing does not remove a unix socket's file: processes
/// that inherited the descriptor may still accept from it. Lives in: master.
class Listener {
  public:
    /// One attempt. Throws std::runtime_error if the path of a unix socket leads through a link
    /// that must not be followed, else ErrnoError that reads "listen http://0.0.0.0:80: bind:
    /// Permission denied"; its code is EADDRINUSE when another process listens there.
    static Listener open(const Address& address, const ListenOptions& options);

    enum class FileOwner { Us, Others };

    /// Takes over a socket that somebody else opened for `address` (systemd, a former master).
    /// Throws ErrnoError if it is no listening stream socket of that family. A TCP socket that was
    /// shut down listens again.
    static Listener adopt(UniqueFd fd, const Address& address);

    /// For an adopted unix socket whose file a geventd created: from now on the file can be found
    /// lost, and own_file() can make it ours. Throws ErrnoError.
    void find_file();

    /// Who owns the file of a unix socket; Others for every other socket.
    [[nodiscard]] FileOwner owner() const { return owner_; }

    /// Another Listener for the same socket, with a descriptor of its own. Throws ErrnoError.
    [[nodiscard]] Listener share() const;

    /// The path of a unix socket that geventd created no longer leads to it.
    [[nodiscard]] bool is_lost() const noexcept { return file_.is_lost(); }

    [[nodiscard]] const SocketFile& file() const { return file_; }

    [[nodiscard]] int fd() const { return fd_.get(); }

    /// The address as configured.
    [[nodiscard]] const Address& wanted() const { return wanted_; }

    /// The actual address: port 0 is replaced by the one that the kernel chose.
    [[nodiscard]] const Address& actual() const { return actual_; }

    /// Applies a changed configuration of the same endpoint: protocol, backlog, mode and owner.
    /// Throws ErrnoError.
    void change(const Wanted& wanted);

    /// A process that holds the socket has shut it down: nobody can connect.
    [[nodiscard]] bool is_down() const noexcept;

    /// An IPv6 socket that IPv4 clients reach, too.
    [[nodiscard]] bool is_dual_stack() const noexcept;

    /// If the socket is down, a new one can take its place: its file belongs to us, or to the
    /// master that we are to replace.
    [[nodiscard]] bool is_replaceable() const noexcept {
        return wanted_.family == Family::Unix && file_.is_named();
    }

    /// If down: a TCP socket listens again. Throws ErrnoError, always for unix sockets.
    void revive(int backlog);

    /// From now on the file is ours to change and to remove.
    void own_file() noexcept;

    /// From now on the file is no longer ours to remove.
    void disown_file() noexcept { owner_ = FileOwner::Others; }

    /// Removes the file of a unix socket if it is still ours.
    void unlink_own() noexcept;

  private:
    Listener(UniqueFd fd, Address address);
    void start_listening(int backlog);
    void learn_actual();

    UniqueFd fd_;
    Address wanted_;
    Address actual_;
    SocketFile file_;  ///< empty: there is none, or systemd manages it
    FileOwner owner_ = FileOwner::Others;
    sockaddr_storage name_{};  ///< TCP only: as bound
    socklen_t name_length_ = 0;
};

/// True when both name the same socket, whatever the protocol.
bool same_endpoint(const Address& left, const Address& right);

}  // namespace geventd::net
