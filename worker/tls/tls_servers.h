// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/transport.h"
#include "shm/scoreboard.h"
#include "tls/server.h"

namespace geventd::worker {

/// A worker's side of the https addresses: makes the transports of their connections, bounds how
/// much of a turn handshakes take, and counts them.
/// Lives in: worker, loop side. Outlives the connections.
class TlsServers final : private tls::Handshakes {
  public:
    explicit TlsServers(shm::WorkerSlot& slot) : slot_(slot) {}

    /// Uses what the master has sent, a sealed file of tls::Material, for connections that come
    /// from now on. Throws std::exception; then the former material stays.
    void renew(int material);

    /// A new turn of the loop, which has time for handshakes.
    void begin_turn() { spent_ = {}; }

    /// The transport of a connection to this address, whose first bytes were received already.
    /// `client`: who it is, for the log. Null when there is no TLS for it. Throws std::bad_alloc.
    std::unique_ptr<net::Transport> accept(std::size_t listener, std::string early,
                                           std::string client);

  private:
    bool may_begin_step() noexcept override;
    void end_step() noexcept override;
    void succeeded(bool resumed) noexcept override;
    void failed(tls::Failure failure, std::string_view client,
                std::string_view why) noexcept override;

    shm::WorkerSlot& slot_;
    std::vector<std::unique_ptr<tls::Server>> servers_;  ///< by listener; null: no https address
    std::uint32_t edition_ = 0;                          ///< of the material; 0: there is none
    Duration spent_{};                                   ///< on handshakes in this turn
    TimePoint step_began_;
};

}  // namespace geventd::worker
