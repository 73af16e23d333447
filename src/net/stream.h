// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/fd.h"

namespace geventd::net {

class Transport;

/// The bytes to and from one client: every socket call for it is made here, or by its transport if
/// it has one. Nothing blocks, and nothing is kept: what could not be sent is the caller's to send
/// again.
/// Lives in: worker; inside a connection.
class Stream {
  public:
    enum class State : std::uint8_t {
        Done,    ///< `count` bytes were transferred, possibly fewer than asked for
        Wait,    ///< none now: try again when the descriptor is readable, or writable
        Ended,   ///< nothing more can be received: the client has ended its side, or is gone
        Failed,  ///< nothing more can be sent
    };

    struct Result {
        State state = State::Done;
        std::size_t count = 0;
    };

    /// What is waited for: to receive, to send.
    struct Interest {
        bool receive = false;
        bool send = false;
    };

    /// `fd`: a connected stream socket, non-blocking. Without a transport the bytes travel as they
    /// are.
    explicit Stream(UniqueFd fd);
    Stream(UniqueFd fd, std::unique_ptr<Transport> transport);
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;
    ~Stream();

    /// Bytes into `into`. Done, Wait or Ended.
    Result receive(std::span<char> into) noexcept;

    /// As much of `parts` as the kernel takes now. Done, Wait or Failed.
    Result send(std::span<const iovec> parts) noexcept;

    /// Sends up to `count` bytes of a file from `offset`, which it advances. Done with a count of
    /// 0: the file has ended. Done, Wait or Failed. The process must ignore SIGPIPE, as CPython
    /// does from its start: sendfile(2) has no MSG_NOSIGNAL.
    Result send_file(int file, off_t& offset, std::size_t count) noexcept;

    /// For a few bytes that may get lost: one try, and whatever is not sent is dropped.
    void offer(std::string_view bytes) noexcept;

    /// Whether there is something to receive, without taking it: Done (bytes), Wait or Ended.
    [[nodiscard]] State peek() const noexcept;

    /// What the socket is to be watched for, to be readable (receive) or writable (send), while the
    /// caller waits for `wanted`.
    [[nodiscard]] Interest to_watch(Interest wanted) const noexcept;

    /// Which of what is `wanted` may go on now that the socket is `ready`.
    [[nodiscard]] Interest may_go_on(Interest wanted, Interest ready) const noexcept;

    /// receive() gives bytes although the socket has none.
    [[nodiscard]] bool has_bytes() const noexcept;

    /// Its needs may change with each call.
    [[nodiscard]] bool has_transport() const noexcept { return transport_ != nullptr; }

    /// On: small sends in quick succession share packets (Nagle's algorithm). Off, as at first:
    /// each is sent at once, together with what was held back. Only for TCP.
    void join_packets(bool on) noexcept;

    /// Ends the sending side after all that was sent, even if another process has the descriptor
    /// too.
    void end_sending() noexcept;

    /// Breaks the connection, so that the client cannot take what it has received for complete. A
    /// process that inherited the descriptor does not delay this.
    void reset() noexcept;

    void close() noexcept;

    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    Result send_file_through(int file, off_t& offset, std::size_t count) noexcept;

    UniqueFd fd_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace geventd::net
