// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "base/fd.h"
#include "net/address.h"
#include "net/unix_socket.h"

namespace geventd::net {

struct ListenOptions {
    int backlog = 1024;
    UnixAccess access;  ///< unix sockets with a path only

    bool operator==(const ListenOptions&) const = default;
};

struct Wanted {
    Address address;
    ListenOptions options;
};

/// One listening stream socket: CLOEXEC, non-blocking, TCP_NODELAY (accepted sockets inherit it
/// on Linux). The wildcard host is one socket for IPv4 and IPv6, or for IPv4 where there is no
/// IPv6; `[::]` is IPv6 alone. Closing does not remove a unix socket's file: processes that
/// inherited the descriptor may still accept from it.
/// Lives in: master.
class Listener {
  public:
    /// One attempt. Throws std::runtime_error where the path of a unix socket leads through a link
    /// that is not followed, else ErrnoError that reads "listen http://0.0.0.0:80: bind: Permission
    /// denied"; its code is EADDRINUSE when another process listens there.
    static Listener open(const Address& address, const ListenOptions& options);

    enum class FileOwner { Us, Others };

    /// Takes over a socket that somebody else opened for `address` (systemd, a former master). A
    /// descriptor that is no listening stream socket of that family throws ErrnoError; a TCP socket
    /// that was shut down listens again.
    static Listener adopt(UniqueFd fd, const Address& address);

    /// The file of an adopted unix socket is one that a geventd made: it can be lost, and become
    /// ours by own_file(). Throws ErrnoError.
    void find_file();

    /// Whose the file of a unix socket is; Others for every other socket.
    [[nodiscard]] FileOwner owner() const { return owner_; }

    /// The same socket once more, with a descriptor of its own. Throws ErrnoError.
    [[nodiscard]] Listener share() const;

    /// The file of a unix socket that geventd made, whose path leads to it no more.
    [[nodiscard]] bool is_lost() const noexcept { return file_.is_lost(); }

    [[nodiscard]] const SocketFile& file() const { return file_; }

    [[nodiscard]] int fd() const { return fd_.get(); }

    /// As the configuration says it.
    [[nodiscard]] const Address& wanted() const { return wanted_; }

    /// As the kernel has it: port 0 is replaced by the one that was chosen.
    [[nodiscard]] const Address& actual() const { return actual_; }

    /// A changed configuration for the same endpoint: protocol, backlog, mode and owner. Throws
    /// ErrnoError.
    void change(const Wanted& wanted);

    /// It was shut down by a process that holds it: nobody can connect.
    [[nodiscard]] bool is_down() const noexcept;

    /// A new socket can take the place of this one when it is down: the file is geventd's, ours or
    /// that of the master that we are to succeed.
    [[nodiscard]] bool is_replaceable() const noexcept {
        return wanted_.family == Family::Unix && file_.is_named();
    }

    /// Down: a TCP socket listens again. Throws ErrnoError, always for unix sockets.
    void revive(int backlog);

    /// The file is ours from now on: to change and to remove.
    void own_file() noexcept;

    /// Closing no longer means that the file is ours to remove.
    void disown_file() noexcept { owner_ = FileOwner::Others; }

    /// Removes the file of a unix socket that is still ours.
    void unlink_own() noexcept;

  private:
    Listener(UniqueFd fd, Address address);
    void start_listening(int backlog);
    void learn_actual();

    UniqueFd fd_;
    Address wanted_;
    Address actual_;
    SocketFile file_;  ///< empty: there is none, or systemd cares for it
    FileOwner owner_ = FileOwner::Others;
    sockaddr_storage name_{};  ///< TCP only: as bound
    socklen_t name_length_ = 0;
};

/// True when both name the same socket, whatever is spoken there.
bool same_endpoint(const Address& left, const Address& right);

}  // namespace geventd::net
