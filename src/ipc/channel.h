// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "ipc/messages.h"

namespace geventd::ipc {

/// One end of a SOCK_SEQPACKET socketpair that carries Messages with descriptors.
/// Never waits except where stated, even if the other process changes flags that both share
/// (O_NONBLOCK). Whoever watches it owns the watcher. Lives in: master, template, worker.
class Channel {
  public:
    enum class State { Message, Empty, Closed };
    enum class Sent { Yes, Full };

    /// Foreign: the other process may be less trusted. Messages of several packets, whose
    /// descriptors would have to be collected, are not accepted from it. Closing what it sent may
    /// take long, so the closer does that (base/closer.h).
    enum class Peer { Trusted, Foreign };

    explicit Channel(UniqueFd fd, Peer peer = Peer::Trusted) : fd_(std::move(fd)), peer_(peer) {}

    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    Channel(Channel&& other) noexcept = default;
    Channel& operator=(Channel&& other) noexcept;

    ~Channel() { close(); }

    /// Both ends, CLOEXEC, with SO_PASSCRED on each. The second end is for another process, which
    /// is Foreign to the first. Throws ErrnoError.
    static std::pair<Channel, Channel> make_pair();

    /// Sends a message; its descriptors are copied by the kernel and closed here with `message`.
    /// Fails when the peer is gone or its queue is full.
    Result<void> send(const Message& message);

    /// The same for callers that can wait for room. Returns Full when the queue is full; `part`,
    /// initially 0, then tells the next call where to continue, and nothing else may be sent in
    /// between. Fails when the peer is gone.
    Result<Sent> send(const Message& message, std::size_t& part);

    /// As send(), but waits up to `milliseconds` for room in the queue. For what must get through.
    Result<void> send_within(int milliseconds, const Message& message);

    /// Receives the next message. Empty: none there now. Closed: the peer is gone. A packet that is
    /// no Message is an Error. Received descriptors are CLOEXEC. A process without free descriptors
    /// gets the message without them (`lost_fds`), since its content still counts. Whatever the
    /// result, `message` holds the descriptors that came; a Foreign peer's are for the closer.
    Result<State> receive(Message& message);

    /// Waits for the next message (nullopt: the peer is gone). For processes without a loop: the
    /// template and a worker that boots.
    Result<std::optional<Message>> wait();

    [[nodiscard]] int fd() const { return fd_.get(); }

    /// Continues with another descriptor of the same socket; returns the former one.
    [[nodiscard]] UniqueFd exchange(UniqueFd fd) { return std::exchange(fd_, std::move(fd)); }

    /// Closes this end; the peer notices at once.
    void close() noexcept;

    [[nodiscard]] UniqueFd release() { return std::move(fd_); }

  private:
    /// nullopt: the packet is not the last of its message.
    Result<std::optional<State>> take_packet(Message& message);

    UniqueFd fd_;
    Peer peer_ = Peer::Trusted;
    std::vector<UniqueFd> earlier_;  ///< received for a message whose last packet is still to come
};

}  // namespace geventd::ipc
