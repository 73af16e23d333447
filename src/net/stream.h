// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/fd.h"

namespace geventd::net {

/// The bytes to and from one client: every socket call for it is made here. Nothing blocks, and
/// nothing is kept: what could not be sent is the caller's to send again.
/// Lives in: worker; inside a connection.
class Stream {
  public:
    enum class State : std::uint8_t {
        Done,    ///< `count` bytes went through, fewer than asked for perhaps
        Wait,    ///< none now: try again when the descriptor is readable, or writable
        Ended,   ///< nothing more will be received: the client has ended its side, or is gone
        Failed,  ///< nothing more can be sent
    };

    struct Result {
        State state = State::Done;
        std::size_t count = 0;
    };

    /// `fd`: a connected stream socket, non-blocking.
    explicit Stream(UniqueFd fd) : fd_(std::move(fd)) {}

    /// Bytes into `into`. Done, Wait or Ended.
    Result receive(std::span<char> into) noexcept;

    /// As much of `parts` as the kernel takes now. Done, Wait or Failed.
    Result send(std::span<const iovec> parts) noexcept;

    /// Some of the `count` bytes of a file from `offset`, which is moved on. Done with a count of
    /// 0: the file has ended. Done, Wait or Failed. The process must ignore SIGPIPE, as CPython
    /// does from its start: sendfile(2) knows no MSG_NOSIGNAL.
    Result send_file(int file, off_t& offset, std::size_t count) noexcept;

    /// For a few bytes to a client that owes us nothing: one try, and what does not leave is lost.
    void offer(std::string_view bytes) noexcept;

    /// What receive() would find, without taking it: Done (bytes), Wait or Ended.
    [[nodiscard]] State peek() const noexcept;

    /// On: small sends that follow one another share packets (Nagle's algorithm). Off, as
    /// connections begin: each leaves at once, with what was held back. Only for TCP.
    void join_packets(bool on) noexcept;

    /// The client receives the end behind all that was sent, also where another process has the
    /// descriptor, too.
    void end_sending() noexcept;

    /// The connection breaks for the client, which cannot take what it has received for all. A
    /// process that inherited the descriptor does not hold this up.
    void reset() noexcept;

    void close() noexcept { fd_.reset(); }

    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    UniqueFd fd_;
};

}  // namespace geventd::net
