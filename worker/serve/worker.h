// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "ipc/messages.h"
#include "shm/scoreboard.h"
#include "worker/connection/connections.h"
#include "worker/connection/turn.h"
#include "worker/files/file_server.h"
#include "worker/limits/time_limits.h"
#include "worker/process/listening.h"
#include "worker/requests/accounts.h"
#include "worker/requests/admission.h"
#include "worker/requests/application.h"
#include "worker/serve/gate.h"
#include "worker/serve/sticky_sessions.h"
#include "worker/serve/successor.h"
#include "worker/tls/tls_servers.h"
#include "worker/websocket/channels.h"

namespace geventd::worker {

class Signals;

/// The loop side of a worker process, put together: the gate accepts connections, the admission
/// gives their requests cores, the accounts count them, and at the end all of it is drained. Never
/// blocks: the hub calls turn() when there is something to do.
/// Lives in: worker. Belongs to the hub's thread; the Python side calls in with the GIL held.
class Worker {
  public:
    /// `number` is the worker's number in its generation, from 1; `board` shows its siblings (null:
    /// it has none). Throws std::exception.
    Worker(const config::Settings& settings, shm::WorkerSlot& slot,
           std::vector<Listening> listeners, int number = 1,
           const shm::Scoreboard* board = nullptr);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() = default;

    /// Sets who runs the requests, and accepts connections from the next turn on. Earlier turns are
    /// for the application's own waiting.
    void serve(Application& application);

    /// One turn of the loop: starts queued requests, serves every ready descriptor, and starts
    /// requests again while the turn's budget lasts. May switch greenlets.
    void turn() noexcept;

    /// Answers every request with `text` instead of calling the application. Empty: back to normal.
    void show_fault(std::string text) { fault_ = std::move(text); }

    [[nodiscard]] const std::string& fault() const { return fault_; }

    /// Accepts nothing more and lets running requests end, within limits.drain-requests.
    void drain(ipc::DrainReason reason);

    /// Sets what is called, once, when the worker begins to drain. It must not throw.
    void on_drain(std::function<void()> begins) { drain_begins_ = std::move(begins); }

    /// No connection and no signal handler is left, or the time to drain is over.
    [[nodiscard]] bool drained() const;

    /// Makes the hub check soon whether the worker is drained.
    void look_whether_drained();

    /// Sets the signals of this worker; null: none. They are drained together with the worker.
    void attach(Signals* signals);

    /// Sets how to count background greenlets; called with each pulse.
    void count_background_by(std::function<std::uint32_t()> counter) {
        count_background_ = std::move(counter);
    }

    /// Answers the master's pulse, which asks whether the hub turns.
    void answer_pulse();

    // Its parts.
    event::Loop& loop() { return loop_; }

    event::DeadlineClock& clock() { return clock_; }

    Accounts& accounts() { return accounts_; }

    Admission& admission() { return admission_; }

    TimeLimits& time_limits() { return time_limits_; }

    Connections& connections() { return connections_; }

    Channels& websockets() { return websockets_; }

    FileServer& files() { return files_; }

    TlsServers& tls() { return tls_; }

    Gate& gate() { return gate_; }

    [[nodiscard]] const Gate& gate() const { return gate_; }

    Successor& successor() { return successor_; }

    /// Null where `sticky` is not set.
    StickySessions* sticky() { return sticky_.get(); }

    /// The wall clock in whole seconds, as of this turn.
    [[nodiscard]] std::int64_t epoch() const { return turn_.epoch(); }

  private:
    void start_waiting();
    void on_request_ended();
    void on_sessions_over() noexcept;
    void begin_drain_of_requests() noexcept;
    void on_drain_time() noexcept;
    void on_websockets_time() noexcept;
    bool send_signal(std::uint8_t number);
    void assert_all_attended() const;

    Accounts accounts_;
    event::Loop loop_;
    event::DeadlineClock clock_;
    Turn turn_;
    Admission admission_;
    TimeLimits time_limits_;
    Successor successor_;
    TlsServers tls_;
    Channels websockets_;
    Connections connections_;
    Gate gate_;
    std::unique_ptr<StickySessions> sticky_;
    FileServer files_;
    event::Timer drain_timer_;
    event::Timer websockets_timer_;
    Duration drain_time_;       ///< limits.drain-requests
    Duration websockets_time_;  ///< limits.drain-websockets
    std::function<std::uint32_t()> count_background_;
    std::function<void()> drain_begins_;
    Signals* signals_ = nullptr;
    std::string fault_;
    bool serves_ = false;
    bool has_opened_ = false;  ///< the gate, in a turn: only then the loop may watch sockets
    bool draining_ = false;
    bool out_of_time_ = false;             ///< limits.drain-requests is over
    bool websockets_out_of_time_ = false;  ///< limits.drain-websockets is
};

}  // namespace geventd::worker
