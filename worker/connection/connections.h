// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "event/deadlines.h"
#include "net/stream.h"
#include "uwsgi/packet.h"
#include "worker/connection/connection.h"
#include "worker/connection/context.h"
#include "worker/connection/turn.h"
#include "worker/process/listening.h"
#include "worker/requests/peer.h"

namespace geventd::worker {

/// The client connections of a worker, from welcome() until a turn's end after they were closed.
/// Lives in: worker, loop side.
class Connections final : private Connection::Owner {
  public:
    /// What is passed is borrowed. `epoch` is read when it is needed.
    Connections(event::Loop& loop, event::DeadlineClock& clock, const config::Settings& settings,
                Admission& admission, Accounts& accounts, TimeLimits& time_limits, Turn& turn,
                const std::int64_t& epoch);
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;
    ~Connections() = default;

    /// What becomes of signals that clients send.
    void send_signals_by(std::function<bool(std::uint8_t)> send);

    /// Takes a connection that was accepted. Throws std::bad_alloc.
    void welcome(net::Stream stream, const Peer& peer, const Listening& listener);

    [[nodiscard]] std::size_t count() const { return open_.size(); }

    [[nodiscard]] RequestPool& requests() { return requests_; }

    /// Goes on with what was received behind requests that have ended. May switch greenlets.
    void revisit();

    [[nodiscard]] bool has_revisits() const { return !revisits_.empty(); }

    /// At the end of a turn: what was held back to share a packet leaves.
    void separate_pieces();

    /// At the end of a turn, when nobody up the stack can be looking at closed connections: frees
    /// them. True when there were any.
    bool sweep();

    /// Answers say `Connection: close` from now on; with `unused`, connections that are not in use
    /// are closed.
    void close_after_answers(bool unused);

    /// Requests whose greenlets run.
    [[nodiscard]] std::vector<RequestRef> running() const;

    /// What is wrong with one of the connections that nobody would look after (see Connection);
    /// "": nothing. To be asked between two turns.
    [[nodiscard]] std::string neglect() const;

  private:
    void bury(Connection& connection) override;
    void revisit_later(Connection& connection) override;
    void separate_pieces_later(Connection& connection) override;

    [[nodiscard]] std::string_view neglect_of(const Connection& connection) const;

    Turn& turn_;
    Admission& admission_;
    shm::WorkerSlot& slot_;
    ConnectionLimits limits_;
    RequestPool requests_;
    std::vector<uwsgi::Var> packet_vars_;
    std::vector<std::unique_ptr<Connection>> open_;
    std::vector<std::unique_ptr<Connection>> buried_;
    std::vector<Connection*> revisits_;  ///< connections with input behind an ended request
    std::vector<Connection*> joining_;   ///< connections whose pieces may share packets
    std::array<char, 64 << 10> scratch_;
    Context context_;
};

}  // namespace geventd::worker
