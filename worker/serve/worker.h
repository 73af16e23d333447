// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
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
#include "worker/limits/time_limits.h"
#include "worker/process/listening.h"
#include "worker/requests/accounts.h"
#include "worker/requests/admission.h"
#include "worker/requests/application.h"
#include "worker/serve/gate.h"
#include "worker/serve/successor.h"

namespace geventd::worker {

class Signals;

/// The loop side of a worker process, put together: connections come in by the gate, their requests
/// get cores by the admission, accounts are kept of them, and all of it is drained at the end. It
/// does not block: the hub calls turn() when there is something to do.
/// Lives in: worker. Belongs to the hub's thread; the Python side calls in with the GIL held.
class Worker {
  public:
    /// `number` is the worker's in its generation, from 1; `board` shows its siblings (null: it has
    /// none). Throws std::exception.
    Worker(const config::Settings& settings, shm::WorkerSlot& slot,
           std::vector<Listening> listeners, int number = 1,
           const shm::Scoreboard* board = nullptr);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() = default;

    /// Who runs requests. Set before the first turn.
    void serve(Application& application);

    /// One turn of the hub: starts what waits for a core, serves every ready descriptor, starts
    /// requests while the turn's budget lasts. May switch greenlets in between.
    void turn() noexcept;

    /// Answers every request with this text instead of by the application; "": no more.
    void show_fault(std::string text) { fault_ = std::move(text); }

    [[nodiscard]] const std::string& fault() const { return fault_; }

    /// Accepts nothing more and lets what is there come to its end, within limits.drain-requests.
    void drain(ipc::DrainReason reason);

    /// No connection and no signal's handler is left, or the time to drain is over.
    [[nodiscard]] bool drained() const;

    /// Has the hub look whether the worker is drained.
    void look_whether_drained();

    /// Whose signals this worker runs; null: nobody's. Told to drain with it.
    void attach(Signals* signals);

    /// How to find out how many background greenlets there are; asked with each pulse.
    void count_background_by(std::function<std::uint32_t()> counter) {
        count_background_ = std::move(counter);
    }

    /// The hub turns: answers the master's question for its pulse.
    void answer_pulse();

    // Its parts.
    event::Loop& loop() { return loop_; }

    event::DeadlineClock& clock() { return clock_; }

    Accounts& accounts() { return accounts_; }

    Admission& admission() { return admission_; }

    TimeLimits& time_limits() { return time_limits_; }

    Connections& connections() { return connections_; }

    Gate& gate() { return gate_; }

    [[nodiscard]] const Gate& gate() const { return gate_; }

    Successor& successor() { return successor_; }

    /// The worker's number in its generation, from 1.
    [[nodiscard]] int number() const { return number_; }

    /// Whole seconds of the wall clock, as of this turn.
    [[nodiscard]] std::int64_t epoch() const { return epoch_; }

  private:
    void start_waiting();
    void on_request_ended();
    void on_drain_time() noexcept;
    bool send_signal(std::uint8_t number);
    void assert_all_attended() const;

    Accounts accounts_;
    event::Loop loop_;
    event::DeadlineClock clock_;
    Turn turn_;
    Admission admission_;
    TimeLimits time_limits_;
    Successor successor_;
    Connections connections_;
    Gate gate_;
    event::Timer drain_timer_;
    Duration drain_time_;  ///< limits.drain-requests
    std::function<std::uint32_t()> count_background_;
    Signals* signals_ = nullptr;
    std::string fault_;
    int number_;
    std::int64_t epoch_;
    bool has_turned_ = false;  ///< the hub watches this loop, which may watch sockets then
    bool draining_ = false;
    bool out_of_time_ = false;
};

}  // namespace geventd::worker
