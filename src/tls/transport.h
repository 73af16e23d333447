// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/transport.h"
#include "tls/context.h"
#include "tls/server.h"
#include "tls/wire.h"

namespace geventd::tls {

/// TLS on one connection, from its handshake on. Fails for good with the first error.
///
/// send() says of bytes that they are sent when the kernel has all of their record. Until then one
/// byte is reported as unsent: the caller waits and tries again with that byte, which is skipped.
/// Lives in: worker; inside a stream.
class Transport final : public net::Transport {
  public:
    /// `context` is shared with the server that has made it, which may get another one, and with
    /// connections that began with it, too: it ends with the last of them.
    Transport(std::shared_ptr<const Context> context, Handshakes& handshakes, std::string early,
              std::string client);

    /// Tells of a handshake that was never completed.
    ~Transport() override;

    net::Stream::Result receive(int fd, std::span<char> into) noexcept override;
    net::Stream::Result send(int fd, std::span<const iovec> parts) noexcept override;
    void offer(int fd, std::string_view bytes) noexcept override;
    [[nodiscard]] net::Stream::State peek(int fd) noexcept override;
    void end_sending(int fd) noexcept override;
    [[nodiscard]] bool has_bytes() const noexcept override;
    [[nodiscard]] Need receive_needs() const noexcept override;
    [[nodiscard]] Need send_needs() const noexcept override;
    [[nodiscard]] std::vector<Variable> variables() const override;

  private:
    net::Stream::State shake_hands() noexcept;
    net::Stream::State state_after(int result) noexcept;
    void tell_of_failure() noexcept;
    [[nodiscard]] std::string reason() const;
    bool write(std::string_view bytes, std::size_t& count) noexcept;
    bool write_all(std::span<const iovec> parts, std::size_t& count) noexcept;
    void add_client_certificate(std::vector<Variable>& variables) const;

    std::shared_ptr<const Context> context_;
    Handshakes& handshakes_;
    std::string client_;  ///< who it is, for people
    Wire wire_;
    SslPtr ssl_;
    bool is_up_ = false;     ///< the handshake is done
    bool failed_ = false;    ///< OpenSSL must not be called any more
    bool ended_ = false;     ///< nothing more is received
    bool is_ahead_ = false;  ///< the first byte of the next send() has left already
};

}  // namespace geventd::tls
