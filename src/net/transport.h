// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/stream.h"

namespace geventd::net {

/// What lies between a client's socket and the bytes that its requests are made of, as TLS does:
/// those of either side may be fewer, more and other ones. To receive it may have to send, and the
/// other way round (a handshake). The descriptor is the stream's.
/// Lives in: worker; inside a stream.
class Transport {
  public:
    /// What a call that said Wait waits for: bytes from the socket, or room in it.
    enum class Need : std::uint8_t { Bytes, Room };

    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// As Stream's. Done only with bytes for the caller.
    virtual Stream::Result receive(int fd, std::span<char> into) noexcept = 0;

    /// As Stream's. What it has taken is on its way even if the kernel has not taken it yet.
    virtual Stream::Result send(int fd, std::span<const iovec> parts) noexcept = 0;

    /// As Stream's: what cannot be sent now may be lost, and is not sent again by the caller.
    virtual void offer(int fd, std::string_view bytes) noexcept = 0;

    /// As Stream's.
    [[nodiscard]] virtual Stream::State peek(int fd) noexcept = 0;

    /// Says to the peer that nothing more comes, before the socket is shut down.
    virtual void end_sending(int fd) noexcept = 0;

    /// receive() gives bytes although the socket has none.
    [[nodiscard]] virtual bool has_bytes() const noexcept = 0;

    [[nodiscard]] virtual Need receive_needs() const noexcept = 0;
    [[nodiscard]] virtual Need send_needs() const noexcept = 0;

    /// What an application is told of it: a name and a value.
    using Variable = std::pair<std::string, std::string>;

    /// For the environ of the requests that it carries. Throws std::bad_alloc.
    [[nodiscard]] virtual std::vector<Variable> variables() const = 0;
};

}  // namespace geventd::net
