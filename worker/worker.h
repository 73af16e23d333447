// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "http/head_parser.h"
#include "ipc/messages.h"
#include "shm/scoreboard.h"
#include "uwsgi/packet.h"
#include "worker/acceptor.h"
#include "worker/accounts.h"
#include "worker/admission.h"
#include "worker/application.h"
#include "worker/connection.h"
#include "worker/request.h"
#include "worker/share.h"
#include "worker/time_limits.h"

namespace geventd::worker {

class Signals;

/// How large requests may be.
struct RequestLimits {
    http::HeadLimits head;
    uwsgi::PacketLimits packet;
    std::uint64_t body;  ///< bytes; 0: any number
};

/// The limits of connections in the form in which they are used: one list of deadlines for each
/// kind of wait.
struct ConnectionLimits {
    ConnectionLimits(event::DeadlineClock& clock, const config::Limits& settings);

    RequestLimits request;
    event::DeadlineList header;
    event::DeadlineList body;
    event::DeadlineList write;
    event::DeadlineList keep_alive;
    event::DeadlineList linger;
};

/// The loop side of a worker process: accepts, owns the connections, hands complete requests to
/// free cores, drains. It does not block: the hub calls turn() when there is something to do.
///
/// Cores: a request occupies one while its greenlet runs. Requests on connections that the worker
/// already has wait in a queue; when running and queued ones fill the cores, the worker stops
/// accepting, so that the kernel's queue goes to workers with room.
///
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
    ~Worker();

    /// Who runs requests. Set before the first turn.
    void serve(Application& application);

    /// How to ask for a successor; called once at most for each reason.
    void on_due_for_successor(std::function<void(ipc::Due)> ask) {
        ask_for_successor_ = std::move(ask);
    }

    /// How to have a listening socket seen to that was shut down.
    void on_listener_down(std::function<void()> tell) { listener_down_ = std::move(tell); }

    /// One turn of the hub: starts what waits for a core, serves every ready descriptor, starts
    /// requests while the turn's budget lasts. May switch greenlets in between.
    void turn() noexcept;

    /// Leaves new connections to the kernel's queue, or takes them again.
    void pause(bool on);

    /// Has requests be answered with this text instead of by the application; "": no more.
    void show_fault(std::string text) { fault_ = std::move(text); }

    [[nodiscard]] const std::string& fault() const { return fault_; }

    /// Accepts nothing more and lets what is there come to its end, within limits.drain-requests.
    void drain(ipc::DrainReason reason);

    /// No connection and no signal's handler is left, or the time to drain is over.
    [[nodiscard]] bool drained() const;

    /// Whose signals this worker runs: told to drain with it. Not before the first turn.
    void attach(Signals* signals) { signals_ = signals; }

    /// A signal from a client. False: it was not accepted.
    bool send_signal(std::uint8_t number);

    /// How to find out how many background greenlets there are; asked with each pulse.
    void count_background_by(std::function<std::uint32_t()> counter) {
        count_background_ = std::move(counter);
    }

    /// The hub turns: answers the master's question for its pulse.
    void answer_pulse();

    /// Has the hub look whether the worker is drained.
    void look_whether_drained();

    /// What is wrong with one of the connections that nobody would look after (see Connection);
    /// "": nothing. To be asked between two turns.
    [[nodiscard]] std::string neglect() const;

    /// Requests whose greenlets still run (after the time to drain was over).
    [[nodiscard]] std::vector<RequestRef> running() const;

    // For connections, acceptors and the Python side.
    event::Loop& loop() { return loop_; }

    event::DeadlineClock& clock() { return clock_; }

    ConnectionLimits& limits() { return limits_; }

    Application& application() { return admission_.application(); }

    Accounts& accounts() { return accounts_; }

    Admission& admission() { return admission_; }

    RequestPool& requests() { return requests_; }

    TimeLimits& time_limits() { return time_limits_; }

    /// The time of this turn of the loop.
    [[nodiscard]] TimePoint now() const { return loop_.now(); }

    std::span<char> scratch() { return scratch_; }

    [[nodiscard]] const std::vector<std::unique_ptr<Acceptor>>& acceptors() const {
        return acceptors_;
    }

    void welcome(net::Stream stream, const Peer& peer, const Listening& listener);
    bool leaves_next();
    void out_of_descriptors(int error);
    void accepted_all();

    /// A listening socket was shut down.
    void listener_down();

    /// Connections cannot be accepted where this rests; then it is told to go on.
    void let_rest(Acceptor& acceptor) { rest_list_.start(acceptor); }

    [[nodiscard]] bool accepts() const { return accepting_; }

    /// The application has closed a listening socket of this process: asks for a successor.
    void lost_listener();
    void request_ended(Request& request, const Exchange& exchange);
    void regulate_accepting();
    void revisit_later(Connection& connection);

    /// It holds pieces of an answer back until this turn or the next has ended.
    void separate_pieces_later(Connection& connection);
    /// A request (else a handler) can be ended by nothing but the end of the process: asks for a
    /// successor.
    void lost(bool is_request);

    void bury(Connection& connection);

    /// Variables of the packet that is being read.
    std::vector<uwsgi::Var>& packet_vars() { return packet_vars_; }

    [[nodiscard]] bool cancels_on_disconnect() const { return cancels_on_disconnect_; }

    /// The worker's number in its generation, from 1.
    [[nodiscard]] int number() const { return number_; }

    /// Whole seconds of the wall clock, as of this turn.
    [[nodiscard]] std::int64_t epoch() const { return epoch_; }

  private:
    [[nodiscard]] bool has_room() const;
    void start_waiting();
    void revisit();
    void on_drain_deadline() noexcept;
    void sweep();
    void separate_pieces();
    void assert_all_attended() const;

    Accounts accounts_;
    std::uint32_t most_connections_;
    std::uint64_t requests_left_;  ///< until this worker is to be recycled
    std::function<void(ipc::Due)> ask_for_successor_;
    bool cancels_on_disconnect_;
    event::Loop loop_;
    event::DeadlineClock clock_;
    Admission admission_;
    ConnectionLimits limits_;
    TimeLimits time_limits_;
    event::DeadlineList drain_list_;
    event::Deadline drain_deadline_;
    std::function<std::uint32_t()> count_background_;
    std::function<void()> listener_down_;
    event::DeadlineList rest_list_;
    event::DeadlineList retry_list_;
    event::Deadline retry_deadline_;
    Share share_;
    Signals* signals_ = nullptr;
    RequestPool requests_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::vector<std::unique_ptr<Connection>> open_;
    std::vector<std::unique_ptr<Connection>> buried_;
    std::vector<Connection*> revisits_;  ///< connections with input behind an ended request
    std::vector<Connection*> joining_;   ///< connections whose pieces may share packets
    std::vector<uwsgi::Var> packet_vars_;
    int number_;
    std::int64_t epoch_ = 0;
    bool turning_ = false;
    bool has_turned_ = false;  ///< the hub watches this loop, which may watch sockets then
    bool accepting_ = false;
    bool paused_ = false;
    std::string fault_;
    bool out_of_fds_ = false;
    bool shortage_reported_ = false;
    bool draining_ = false;
    bool out_of_time_ = false;
    std::array<char, 64 << 10> scratch_;
};

}  // namespace geventd::worker
