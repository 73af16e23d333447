// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"

namespace geventd::net {

class Transport;

/// The bytes to and from one client. Every socket call for a client is made here, or by its
/// transport if it has one. Nothing blocks or is buffered: the caller keeps what could not be sent
/// and sends it again.
/// Lives in: worker; inside a connection.
class Stream {
  public:
    enum class State : std::uint8_t {
        Done,    ///< `count` bytes were transferred, possibly fewer than asked for
        Wait,    ///< nothing now: try again when the descriptor is readable or writable
        Ended,   ///< end of file: the client has shut down its side or is gone
        Failed,  ///< nothing more can be sent
    };

    struct Result {
        State state = State::Done;
        std::size_t count = 0;
    };

    struct FileResult {
        State state = State::Done;
        std::size_t count = 0;
        int error = 0;  ///< why the file cannot be read on
    };

    /// The operations that a caller waits for.
    struct Interest {
        bool receive = false;
        bool send = false;
    };

    /// `fd`: a connected, non-blocking stream socket. Without a transport bytes are sent as they
    /// are.
    explicit Stream(UniqueFd fd);
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    Stream(UniqueFd fd, std::unique_ptr<Transport> transport);
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;
    ~Stream();

    /// From now on the bytes go through a transport, which has been given those that were received
    /// for it.
    void put_under(std::unique_ptr<Transport> transport) noexcept;

    /// Receives bytes into `into`. Returns Done, Wait or Ended.
    Result receive(std::span<char> into) noexcept;

    /// Whether more bytes follow at once.
    enum class Then : std::uint8_t { Nothing, More };

    /// Sends as much of `parts` as the kernel takes now. Returns Done, Wait or Failed. `then`: the
    /// kernel may hold the bytes back until those that follow can share a packet.
    Result send(std::span<const iovec> parts, Then then = Then::Nothing) noexcept;

    /// Sends up to `count` bytes of a file from `offset`, and advances `offset`. Returns Done
    /// (with a count of 0 at the end of the file, or where it cannot be read), Wait or Failed. The
    /// process must ignore SIGPIPE, as CPython does: sendfile(2) has no MSG_NOSIGNAL. Nor has it
    /// MSG_DONTWAIT, so a descriptor that somebody else has made blocking is changed back.
    FileResult send_file(int file, off_t& offset, std::size_t count) noexcept;

    /// For a few bytes that may be lost: tries once and drops what cannot be sent.
    void offer(std::string_view bytes) noexcept;

    /// Checks for received bytes without taking them: Done (there are bytes), Wait or Ended.
    [[nodiscard]] State peek() const noexcept;

    /// The client sends nothing more, even if bytes that it sent before are not received yet.
    [[nodiscard]] bool has_hung_up() const noexcept;

    /// For which events to watch the socket, readable (receive) or writable (send), while the
    /// caller waits for `wanted`.
    [[nodiscard]] Interest to_watch(Interest wanted) const noexcept;

    /// Which of the `wanted` operations to try again now that the socket is `ready`.
    [[nodiscard]] Interest may_go_on(Interest wanted, Interest ready) const noexcept;

    /// True when receive() has bytes although the socket has none.
    [[nodiscard]] bool has_bytes() const noexcept;

    /// True when a transport transforms the bytes; then to_watch() may change with each call.
    [[nodiscard]] bool has_transport() const noexcept { return transport_ != nullptr; }

    /// Null when the bytes are sent as they are.
    [[nodiscard]] const Transport* transport() const noexcept { return transport_.get(); }

    /// On: small sends in quick succession share packets (Nagle's algorithm). Off, the default:
    /// each is sent at once, together with bytes held back so far. TCP only.
    void join_packets(bool on) noexcept;

    /// The kernel asks a client that has been silent for so long whether it is still there. Without
    /// an answer within `patience` the stream fails. TCP only, in whole seconds, at least one.
    void probe_silent_client(Duration silence, Duration patience) noexcept;

    /// How many bytes that were sent the kernel still has for the client, be it gone. 0 where that
    /// is unknown.
    [[nodiscard]] std::size_t queued() const noexcept;

    /// How many bytes that were sent the client's host has not acknowledged. 0 where that is
    /// unknown, and once the client is gone.
    [[nodiscard]] std::size_t unacknowledged() const noexcept;

    /// Whether the client has taken some KiB, since queued() was `former`, and has more to take.
    /// On unix sockets the kernel counts whole sends, so that can be told late.
    [[nodiscard]] bool has_taken_of(std::size_t former) const noexcept;

    /// Shuts down the sending side after all bytes sent so far, even if another process has the
    /// descriptor, too.
    void end_sending() noexcept;

    /// Resets the connection, so that the client cannot mistake what it has received for complete.
    /// A process that inherited the descriptor does not delay this.
    void reset() noexcept;

    void close() noexcept;

    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    FileResult send_file_through(int file, off_t& offset, std::size_t count) noexcept;

    UniqueFd fd_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace geventd::net
