// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/transport.h"
#include "tls/failure.h"
#include "tls/material.h"

namespace geventd::tls {

/// Whom connections ask before a step of a handshake, which may take a millisecond, and whom they
/// tell how it went. Outlives them.
class Handshakes {
  public:
    Handshakes() = default;
    Handshakes(const Handshakes&) = delete;
    Handshakes& operator=(const Handshakes&) = delete;
    virtual ~Handshakes() = default;

    /// False: later, when the loop comes to this connection again.
    virtual bool may_begin_step() noexcept = 0;
    virtual void end_step() noexcept = 0;

    virtual void succeeded(bool resumed) noexcept = 0;

    /// `client`: as it was given to accept(); `why`: OpenSSL's reason.
    virtual void failed(Failure failure, std::string_view client,
                        std::string_view why) noexcept = 0;
};

/// The server's side of TLS at one listening address. Lives in: worker, loop side.
class Server {
  public:
    Server() = default;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    virtual ~Server() = default;

    /// The transport of a connection whose first bytes were received already: `early`. `client`:
    /// who it is, for people. Throws std::bad_alloc.
    virtual std::unique_ptr<net::Transport> accept(Handshakes& handshakes, std::string early,
                                                   std::string client) = 0;

    /// Takes other keys for tickets from now on, and leaves the rest as it is. REQUIRES: it had
    /// some.
    virtual void seal_with(const std::vector<TicketKey>& tickets) = 0;
};

/// Throws std::runtime_error when OpenSSL does not accept what the endpoint has.
std::unique_ptr<Server> make_server(const Endpoint& endpoint,
                                    const std::vector<TicketKey>& tickets);

}  // namespace geventd::tls
