// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "shm/scoreboard.h"
#include "worker/connection/connections.h"
#include "worker/process/listening.h"
#include "worker/requests/admission.h"
#include "worker/serve/accept_balance.h"
#include "worker/serve/acceptor.h"
#include "worker/websocket/channels.h"

namespace geventd::worker {

/// Decides when connections are accepted: not while the worker is full, short of descriptors,
/// paused, or has more connections than its siblings. Then they wait in the kernel's queue, from
/// which workers with room take them. Where health checks or requests for files may come, a full
/// worker takes connections too, unless a sibling has a free core: only a request's bytes tell what
/// it is. Lives in: worker, loop side.
class Gate final : private Acceptor::Owner {
  public:
    /// The parts of the worker that the gate works with.
    struct Parts {
        event::Loop& loop;
        event::DeadlineClock& clock;
        Admission& admission;
        Accounts& accounts;
        Connections& connections;
        const Channels& websockets;  ///< these connections have a limit of their own
    };

    /// Borrows the parts. `board` shows the worker's siblings; null: it has none. Throws
    /// std::exception.
    Gate(const Parts& parts, const config::Settings& settings, std::vector<Listening> listeners,
         const shm::Scoreboard* board);
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    ~Gate() override = default;

    /// Starts accepting. Called when the hub turns.
    void open();

    /// Leaves new connections to the kernel's queue, or takes them again.
    void pause(bool on);

    /// Stops accepting for good. `serve_waiting`: first takes what waits in the kernel's queue,
    /// whether a core is free or not, because nobody else will.
    void close(bool serve_waiting);

    /// Accepts or stops, as there is room now. Called whenever that may have changed.
    void regulate();

    /// Connections have been closed, so descriptors are free again.
    void freed_descriptors();

    /// Accepts at all addresses.
    [[nodiscard]] bool is_open() const { return state_ == State::Open; }

    /// `tell` is called when a listening socket was shut down.
    void on_listener_down(std::function<void()> tell) { tell_down_ = std::move(tell); }

    /// `tell` is called when the application has closed a listening socket of this process.
    void on_listener_lost(std::function<void()> tell) { tell_lost_ = std::move(tell); }

    /// There may be more connections.
    [[nodiscard]] bool has_room() const {
        return connections_.count() - websockets_.count() < most_connections_;
    }

    [[nodiscard]] const std::vector<std::unique_ptr<Acceptor>>& acceptors() const {
        return acceptors_;
    }

  private:
    enum class State {
        Closed,
        CorelessOnly,  ///< only addresses with answers that need no core, as all cores are busy
        Open,
    };

    void on_accepted(net::Stream stream, const Peer& peer, const Listening& listener) override;
    bool leaves_next(int accepted) override;
    void out_of_descriptors(int error) override;
    void accepted_all() override;
    void listener_down() override;
    void listener_deaf(bool deaf) override;
    void listener_lost() override;
    [[nodiscard]] bool accepts(const Listening& listener) const override;
    [[nodiscard]] State wanted();
    void on_retry() noexcept;

    Admission& admission_;
    Accounts& accounts_;
    Connections& connections_;
    const Channels& websockets_;
    std::size_t most_connections_;
    bool has_static_;  ///< requests may be for files, which need no core
    event::Timer retry_timer_;
    AcceptBalance balance_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::function<void()> tell_down_;
    std::function<void()> tell_lost_;
    bool opened_ = false;  ///< between open() and close()
    State state_ = State::Closed;
    bool paused_ = false;
    bool out_of_fds_ = false;
    bool shortage_reported_ = false;
};

}  // namespace geventd::worker
