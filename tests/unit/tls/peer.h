// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "net/stream.h"
#include "tls/openssl.h"
#include "tls/server.h"

namespace geventd::tls {

/// Seconds from now.
struct Validity {
    std::int64_t from = -3600;
    std::int64_t until = 3600;
};

/// A certificate for these names, signed by itself, with its key, as PEM.
Pair make_pair_for(const std::vector<std::string>& names, const char* kind = "EC",
                   const Validity& validity = {});

/// Notes what handshakes ask and tell.
class NotedHandshakes : public Handshakes {
  public:
    bool may_begin_step() noexcept override { return allowed; }

    void end_step() noexcept override { ++steps; }

    void succeeded(bool was_resumed) noexcept override {
        ++done;
        resumed += was_resumed ? 1 : 0;
    }

    void failed(Failure why, std::string_view client, std::string_view text) noexcept override {
        failure = why;
        who = client;
        reason = text;
    }

    bool allowed = true;
    int steps = 0;
    int done = 0;
    int resumed = 0;
    Failure failure{};
    std::string who;
    std::string reason;
};

/// A client of OpenSSL's own at the other end of a socket pair. Neither end ever waits.
class Peer {
  public:
    /// Makes the pair and the client; `server` is for the transport.
    Peer(UniqueFd& server, const char* host, SSL_SESSION* session = nullptr);

    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// Without a word to the other end. OpenSSL would otherwise take its session for a broken one.
    ~Peer() { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

    /// Shows this certificate if it is asked for one.
    void show(const Pair& pair);

    /// A step of the handshake; true when it is done.
    bool shake_hands();

    void send(std::string_view bytes);

    /// What can be read now.
    std::string receive(std::size_t most = 65536);

    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }

    [[nodiscard]] int fd() const { return fd_.get(); }

    void close() { fd_.reset(); }

  private:
    UniqueFd fd_;
    ContextPtr context_;
    SslPtr ssl_;
};

}  // namespace geventd::tls
