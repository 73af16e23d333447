// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "ipc/messages.h"

namespace geventd::ipc {

/// One end of a SOCK_SEQPACKET socketpair that carries Messages with descriptors.
/// Non-blocking; whoever watches it owns the watcher.
/// Lives in: master, template, worker.
class Channel {
  public:
    enum class State { Message, Empty, Closed };

    explicit Channel(UniqueFd fd) : fd_(std::move(fd)) {}

    /// Both ends, CLOEXEC and non-blocking, with SO_PASSCRED on each. Throws ErrnoError.
    static std::pair<Channel, Channel> make_pair();

    /// Sends a message; its descriptors are copied by the kernel and closed here with `message`.
    /// Fails when the peer is gone or its queue is full.
    Result<void> send(const Message& message);

    /// Takes the next message. Empty: nothing there now. Closed: the peer is gone. A packet that
    /// is no Message is an Error. Received descriptors are CLOEXEC.
    Result<State> receive(Message& message);

    /// Waits for the next message (nullopt: the peer is gone). For processes without a loop: the
    /// template and a worker that boots.
    Result<std::optional<Message>> wait();

    [[nodiscard]] int fd() const { return fd_.get(); }

    [[nodiscard]] UniqueFd release() { return std::move(fd_); }

  private:
    UniqueFd fd_;
};

}  // namespace geventd::ipc
