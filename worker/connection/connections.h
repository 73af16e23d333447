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
#include "worker/sticky/parcel.h"
#include "worker/sticky/sticky.h"

namespace geventd::worker {

/// The client connections of a worker. Closed ones are freed at the end of the turn.
/// Lives in: worker, loop side.
class Connections final : private Connection::Owner {
  public:
    /// The parts of the worker that connections work with.
    struct Parts {
        event::Loop& loop;
        event::DeadlineClock& clock;
        Admission& admission;
        Accounts& accounts;
        TimeLimits& time_limits;
        Turn& turn;
    };

    /// Borrows the parts.
    Connections(const Parts& parts, const config::Settings& settings);
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;
    ~Connections() override = default;

    /// Sets what to do with a signal that a client sends; `send` returns whether it was accepted.
    void send_signals_by(std::function<bool(std::uint8_t)> send);

    /// Sets who answers requests for files, and sends the rest of files. Outlived by this object.
    void answer_files_by(FileServer& files) {
        context_.files = &files;
        context_.has_static = files.has_paths();
    }

    /// Sets whose handshakes there are at https addresses. Outlived by this object.
    void shake_hands_by(TlsServers& tls) { context_.tls = &tls; }

    /// Adds a connection that was accepted. Throws std::bad_alloc.
    void add(net::Stream stream, const Peer& peer, const Listening& listener);

    /// Adds a connection that another worker has delivered. Throws std::bad_alloc.
    void adopt(net::Stream stream, const Parcel& parcel, const Listening& listener);

    /// Answers a connection that another worker has delivered with a refusal. Throws
    /// std::bad_alloc.
    void turn_away(net::Stream stream, const Peer& peer, const Listening& listener,
                   const http::Rejection& rejection);

    /// Hands connections whose next request has its session in another worker to that worker.
    /// Outlived by this object.
    void hand_over_by(const Sticky& sticky) { context_.sticky = &sticky; }

    [[nodiscard]] std::size_t count() const { return open_.size(); }

    [[nodiscard]] RequestPool& requests() { return requests_; }

    /// Parses what was received after requests that have ended. May switch greenlets.
    void revisit();

    /// Reads what transports have received already, as far as they have time for it in this turn:
    /// call it once a turn. May switch greenlets.
    void read_on();

    /// revisit() or read_on() has something to do.
    [[nodiscard]] bool has_revisits() const { return !revisits_.empty() || !unread_.empty(); }

    /// At the end of a turn: sends what was held back to share a packet.
    void separate_pieces();

    /// At the end of a turn, when nobody up the stack can be looking at closed connections: frees
    /// them. Returns whether there were any.
    bool sweep();

    /// Answers say `Connection: close` from now on, also those of connections that are added later.
    /// `unused`: connections without a request are closed.
    void close_after_answers(bool unused);

    /// The server stops: health checks are answered with 503 from now on.
    void fail_health_checks() { context_.leaving = true; }

    /// Bytes of answers that are kept for clients that have not taken them yet.
    [[nodiscard]] std::size_t kept_bytes() const { return kept_.bytes; }

    /// Requests whose greenlets run.
    [[nodiscard]] std::vector<RequestRef> running() const;

    /// How a connection breaks the rules of Connection's comment; "": none does. Between turns
    /// only.
    [[nodiscard]] std::string neglect() const;

  private:
    Connection& insert(net::Stream stream, const Peer& peer, const Listening& listener);
    void on_closed(Connection& connection) override;
    void revisit_later(Connection& connection) override;
    void read_on_later(Connection& connection) noexcept override;
    void separate_pieces_later(Connection& connection) override;

    [[nodiscard]] std::string_view neglect_of(const Connection& connection) const;

    Turn& turn_;
    Admission& admission_;
    shm::WorkerSlot& slot_;
    ConnectionLimits limits_;
    KeptTotal kept_;
    RequestPool requests_;
    std::vector<uwsgi::Var> packet_vars_;
    std::vector<InCorner<Connection>> open_;
    std::vector<InCorner<Connection>> closed_;
    std::vector<Connection*> revisits_;  ///< connections with input behind an ended request
    std::vector<Connection*> unread_;    ///< connections whose transports have bytes
    std::vector<Connection*> joining_;   ///< connections whose pieces may share packets
    bool closes_after_answers_ = false;
    bool closes_unused_ = false;
    std::array<char, 64 << 10> scratch_;
    Context context_;
};

}  // namespace geventd::worker
