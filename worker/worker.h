// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <deque>
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
#include "shm/region.h"
#include "shm/request_table.h"
#include "shm/scoreboard.h"
#include "uwsgi/packet.h"
#include "worker/acceptor.h"
#include "worker/access_log.h"
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

    /// What to do within a second after a change of the busy cores.
    void on_busy_change(std::function<void()> deed) { busy_changed_ = std::move(deed); }

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

    /// The shared memory of the requests in flight, for the master.
    [[nodiscard]] int requests_fd() const { return requests_region_.fd(); }

    /// This turn's budget is not used up.
    [[nodiscard]] bool has_time() const { return Clock::now() < turn_end_; }

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

    Application& application() { return *application_; }

    RequestPool& requests() { return requests_; }

    TimeLimits& time_limits() { return time_limits_; }

    /// The time of this turn of the loop.
    [[nodiscard]] TimePoint now() const { return loop_.now(); }

    std::span<char> scratch() { return scratch_; }

    shm::WorkerSlot& slot() { return slot_; }

    [[nodiscard]] const std::vector<std::unique_ptr<Acceptor>>& acceptors() const {
        return acceptors_;
    }

    void welcome(net::Stream stream, const Peer& peer, const Listening& listener);
    bool leaves_next();
    void out_of_descriptors(int error);
    void accepted_all();

    /// Something of one connection, or a line about it, was given up for want of memory.
    void out_of_memory() noexcept;

    /// A listening socket was shut down.
    void listener_down();

    /// Connections cannot be accepted where this rests; then it is told to go on.
    void let_rest(Acceptor& acceptor) { rest_list_.start(acceptor); }

    [[nodiscard]] bool accepts() const { return accepting_; }

    /// The application has closed a listening socket of this process: asks for a successor.
    void lost_listener();
    void admit(Exchange& exchange);
    void request_ended(Request& request, const Exchange& exchange);
    void regulate_accepting();
    void revisit_later(Connection& connection);

    /// It holds pieces of an answer back until this turn or the next has ended.
    void separate_pieces_later(Connection& connection);
    void refused(const Exchange& exchange, const Request* request,
                 const http::Rejection& rejection);
    void client_left(const Request& request);

    /// `error` is the exception in a line, `where` the file and line that raised it.
    void application_failed(const Request& request, std::string_view error, std::string_view where);
    void timed_out();
    void handler_timed_out();

    /// A request (else a handler) can be ended by nothing but the end of the process: asks for a
    /// successor.
    void lost(bool is_request);

    /// A request that waits for a core is given up.
    void leave_queue(const Exchange& exchange) noexcept;
    void bury(Connection& connection);
    void warn_of_magic(const uwsgi::RequestVars& vars);

    /// Variables of the packet that is being read.
    std::vector<uwsgi::Var>& packet_vars() { return packet_vars_; }

    [[nodiscard]] bool cancels_on_disconnect() const { return cancels_on_disconnect_; }

    /// Gives the request a line in the access log when it ends, also where log.access is off.
    void want_log(Request& request);

    /// The worker's number in its generation, from 1.
    [[nodiscard]] int number() const { return number_; }

    /// Whole seconds of the wall clock, as of this turn.
    [[nodiscard]] std::int64_t epoch() const { return epoch_; }

  private:
    /// A name for a request that brought none: unique among all workers of this host.
    void make_request_id(std::string& id);
    void name(Request& request);
    [[nodiscard]] bool may_start() const;
    [[nodiscard]] bool has_room() const;
    void start_waiting();
    void start(Exchange& exchange);
    void write_access_log(const Request& request, const Exchange& exchange) noexcept;
    void show_busy();
    void refuse_overdue();
    void show_waiting();
    void on_drain_deadline() noexcept;
    void sweep();
    void separate_pieces();
    void assert_all_attended() const;

    shm::WorkerSlot& slot_;
    std::uint32_t cores_;
    std::uint32_t most_connections_;
    shm::Region requests_region_;
    shm::RequestTable request_table_;
    std::uint64_t requests_left_;  ///< until this worker is to be recycled
    std::function<void(ipc::Due)> ask_for_successor_;
    bool rejects_when_full_;
    bool cancels_on_disconnect_;
    event::Loop loop_;
    event::DeadlineClock clock_;
    ConnectionLimits limits_;
    TimeLimits time_limits_;
    event::DeadlineList drain_list_;
    event::Deadline drain_deadline_;
    event::DeadlineList queue_list_;
    event::Deadline queue_deadline_;
    Duration queue_time_;
    event::DeadlineList busy_list_;
    event::Deadline busy_deadline_;
    std::function<void()> busy_changed_;
    std::function<std::uint32_t()> count_background_;
    std::function<void()> listener_down_;
    event::DeadlineList rest_list_;
    event::DeadlineList retry_list_;
    event::Deadline retry_deadline_;
    Share share_;
    Application* application_ = nullptr;
    Signals* signals_ = nullptr;
    RequestPool requests_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::vector<std::unique_ptr<Connection>> open_;
    std::vector<std::unique_ptr<Connection>> buried_;
    std::deque<Exchange*> waiting_;      ///< complete requests without a core
    std::vector<Connection*> revisits_;  ///< connections with input behind an ended request
    std::vector<Connection*> joining_;   ///< connections whose pieces may share packets
    std::vector<RequestRef> orphans_;    ///< ended requests on which a greenlet still waits
    std::vector<uwsgi::Var> packet_vars_;
    std::unique_ptr<AccessLog> access_log_;  ///< null: off
    std::unique_ptr<AccessLog> wanted_log_;  ///< while that is off, for single requests
    config::LogFormat log_format_;
    int number_;
    std::vector<std::uint32_t> free_cores_;  ///< cores that were used and are free again
    std::uint32_t used_cores_ = 0;           ///< cores that were ever used
    std::string id_base_;                    ///< of the names of requests
    std::uint32_t id_count_ = 0;
    std::uint64_t started_count_ = 0;
    bool magic_reported_ = false;
    std::uint32_t running_ = 0;
    std::uint32_t lost_requests_ = 0;  ///< that run and cannot be ended
    std::int64_t epoch_ = 0;
    TimePoint turn_end_;
    bool turning_ = false;
    bool has_turned_ = false;  ///< the hub watches this loop, which may watch sockets then
    bool accepting_ = false;
    bool paused_ = false;
    std::string fault_;
    bool out_of_fds_ = false;
    bool shortage_reported_ = false;
    bool memory_reported_ = false;
    bool draining_ = false;
    bool out_of_time_ = false;
    std::array<char, 64 << 10> scratch_;
};

}  // namespace geventd::worker
