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
/// Never waits but where that is said, whatever the other process makes of the flags that both
/// ends' copies share; whoever watches it owns the watcher. Lives in: master, template, worker.
class Channel {
  public:
    enum class State { Message, Empty, Closed };
    enum class Sent { Yes, Full };

    /// Foreign: the other process may be less trusted. From it comes no message of several packets,
    /// whose descriptors would have to be collected; and as closing what it has sent may take long,
    /// that is the closer's task (base/closer.h).
    enum class Peer { Trusted, Foreign };

    explicit Channel(UniqueFd fd, Peer peer = Peer::Trusted) : fd_(std::move(fd)), peer_(peer) {}

    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    Channel(Channel&& other) noexcept = default;
    Channel& operator=(Channel&& other) noexcept;

    ~Channel() { close(); }

    /// Both ends, CLOEXEC, with SO_PASSCRED on each. The second one is for another process, which
    /// is Foreign to the first. Throws ErrnoError.
    static std::pair<Channel, Channel> make_pair();

    /// Sends a message; its descriptors are copied by the kernel and closed here with `message`.
    /// Fails when the peer is gone or its queue is full.
    Result<void> send(const Message& message);

    /// The same for who can wait for room: Full when the queue is, and `part`, 0 at first, then
    /// says where another call goes on. Fails when the peer is gone. Nothing else may be sent
    /// between such calls.
    Result<Sent> send(const Message& message, std::size_t& part);

    /// The same, but waits so long for room in the queue. For what must get through.
    Result<void> send_within(int milliseconds, const Message& message);

    /// Takes the next message. Empty: nothing there now. Closed: the peer is gone. A packet that
    /// is no Message is an Error. Received descriptors are CLOEXEC. A process that has none left
    /// gets the message without them (`lost_fds`): what it says still counts. `message` holds what
    /// came along whatever the result is: the closer's, if the peer is Foreign.
    Result<State> receive(Message& message);

    /// Waits for the next message (nullopt: the peer is gone). For processes without a loop: the
    /// template and a worker that boots.
    Result<std::optional<Message>> wait();

    [[nodiscard]] int fd() const { return fd_.get(); }

    /// Goes on by another descriptor of the same socket; returns the former one.
    [[nodiscard]] UniqueFd exchange(UniqueFd fd) { return std::exchange(fd_, std::move(fd)); }

    /// The peer sees that nothing more will come.
    void close() noexcept;

    [[nodiscard]] UniqueFd release() { return std::move(fd_); }

  private:
    /// nullopt: a packet that others follow.
    Result<std::optional<State>> take_packet(Message& message);

    UniqueFd fd_;
    Peer peer_ = Peer::Trusted;
    std::vector<UniqueFd> earlier_;  ///< of the message whose last packet has not come yet
};

}  // namespace geventd::ipc
