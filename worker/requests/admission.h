// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "shm/region.h"
#include "shm/request_table.h"
#include "worker/requests/accounts.h"
#include "worker/requests/application.h"
#include "worker/requests/exchange.h"
#include "worker/requests/request.h"
#include "worker/requests/request_names.h"

namespace geventd::worker {

/// Gives the worker's cores to complete requests; when all are busy, queues requests in the order
/// of arrival. A request occupies a core from its greenlet's start to its end.
/// Lives in: worker, loop side.
class Admission {
  public:
    Admission(event::Loop& loop, event::DeadlineClock& clock, const config::Settings& settings,
              Accounts& accounts);
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    ~Admission() = default;

    /// Sets who runs requests. Called before the first request.
    void serve(Application& application) { application_ = &application; }

    [[nodiscard]] Application& application() const { return *application_; }

    /// `action` is called whenever is_full() may have changed.
    void on_change(std::function<void()> action) { changed_ = std::move(action); }

    /// `action` is called after the end of each request, and when one leaves its core.
    void on_end(std::function<void()> action) { ended_ = std::move(action); }

    /// `action` is called within a second after the number of busy cores has changed.
    void on_busy_change(std::function<void()> action) { busy_changed_ = std::move(action); }

    /// A new turn of the loop begins; requests are started until `end`.
    void begin_turn(TimePoint end) { turn_end_ = end; }

    /// The turn's time budget is not used up.
    [[nodiscard]] bool has_time() const { return Clock::now() < turn_end_; }

    /// Runs the request at once or queues it. May switch greenlets.
    void admit(Exchange& exchange);

    /// Removes a request from the queue.
    void leave(const Exchange& exchange) noexcept;

    /// Starts queued requests while there are cores and time. May switch greenlets.
    void start_waiting();

    /// The request has become something else, whose time has no limit: frees its core.
    void leave_core(Request& request);

    /// Reserves what the end of one more request needs that will have left its core. Throws
    /// std::bad_alloc.
    void make_room_for_one();

    /// The request has ended: frees its core, unless it has left that.
    void ended(Request& request);

    /// Resumes greenlets that still wait for the client of a request that has ended.
    void resume_orphans();

    [[nodiscard]] bool has_orphans() const { return !orphans_.empty(); }

    /// A running request survived GreenletExit: only the end of the process ends it.
    void lost() { ++lost_; }

    /// How many such requests there are.
    [[nodiscard]] std::uint32_t lost_count() const { return lost_; }

    /// There are at least as many running and queued requests as cores.
    [[nodiscard]] bool is_full() const { return running_ + waiting_.size() >= cores_; }

    /// Whether requests that find it full are answered 503 after limits.queue-time
    /// (workers.when-full: reject).
    [[nodiscard]] bool rejects_when_full() const { return rejects_when_full_; }

    [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }

    /// A request is queued and a core is free.
    [[nodiscard]] bool can_go_on() const { return has_waiting() && running_ < cores_; }

    [[nodiscard]] bool waits(const Exchange& exchange) const;

    /// Writes the queued requests into the shared table.
    void show_waiting();

    /// A time slice of this request is over.
    void computes(const Request& request) noexcept {
        if (!request.left_core) {
            table_.show_computing(request.core);
        }
    }

    /// The shared memory with the table of requests, for the master.
    [[nodiscard]] int requests_fd() const { return region_.fd(); }

  private:
    [[nodiscard]] bool may_start() const { return running_ < cores_ && has_time(); }

    void start(Exchange& exchange);
    std::uint32_t take_core();
    void free_core(Request& request);
    void end_limit(Request& request);
    void show_busy();
    void on_busy_time() noexcept;
    void refuse_overdue() noexcept;

    event::Loop& loop_;
    Accounts& accounts_;
    Application* application_ = nullptr;
    std::uint32_t cores_;
    bool rejects_when_full_;
    shm::Region region_;
    shm::RequestTable table_;
    RequestNames names_;
    event::Timer queue_timer_;
    Duration queue_time_;
    event::Timer busy_timer_;
    std::function<void()> busy_changed_;
    std::function<void()> changed_;
    std::function<void()> ended_;
    std::deque<Exchange*> waiting_;
    std::vector<RequestRef> orphans_;
    std::size_t left_ = 0;                   ///< requests that have left their cores, and not ended
    std::vector<std::uint32_t> free_cores_;  ///< cores that were used and are free again
    std::uint32_t used_cores_ = 0;           ///< how many cores were ever used
    std::uint32_t running_ = 0;
    std::uint32_t lost_ = 0;
    std::uint64_t started_ = 0;
    TimePoint turn_end_;
};

}  // namespace geventd::worker
