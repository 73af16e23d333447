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

/// Gives complete requests the worker's cores, or lets them wait for one in the order in which they
/// came. A request occupies a core while its greenlet runs.
/// Lives in: worker, loop side.
class Admission {
  public:
    Admission(event::Loop& loop, event::DeadlineClock& clock, const config::Settings& settings,
              Accounts& accounts);
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    ~Admission() = default;

    /// Who runs requests. Set before the first of them.
    void serve(Application& application) { application_ = &application; }

    [[nodiscard]] Application& application() const { return *application_; }

    /// Told after each change of how many may come.
    void on_change(std::function<void()> deed) { changed_ = std::move(deed); }

    /// Told after each request's end.
    void on_end(std::function<void()> deed) { ended_ = std::move(deed); }

    /// What to do within a second after a change of the busy cores.
    void on_busy_change(std::function<void()> deed) { busy_changed_ = std::move(deed); }

    /// A new turn of the hub, until whose `end` requests are started.
    void begin_turn(TimePoint end) { turn_end_ = end; }

    /// This turn's budget is not used up.
    [[nodiscard]] bool has_time() const { return Clock::now() < turn_end_; }

    /// Runs the request at once, or has it wait. May switch greenlets.
    void admit(Exchange& exchange);

    /// It is given up while it waits.
    void leave(const Exchange& exchange) noexcept;

    /// Starts what waits, while there are cores and time. May switch greenlets.
    void start_waiting();

    /// The greenlet of a request has come to its end: its core is free.
    void ended(Request& request, const Exchange& exchange);

    /// Greenlets that still wait for the client of a request which has ended: they hear of it.
    void resume_orphans();

    [[nodiscard]] bool has_orphans() const { return !orphans_.empty(); }

    /// A running request can be ended by nothing but the end of the process.
    void lost() { ++lost_; }

    /// How many of those there are.
    [[nodiscard]] std::uint32_t lost_count() const { return lost_; }

    /// As many requests run and wait as there are cores.
    [[nodiscard]] bool is_full() const { return running_ + waiting_.size() >= cores_; }

    /// Those that come while it is full get an answer, after their time.
    [[nodiscard]] bool rejects_when_full() const { return rejects_when_full_; }

    [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }

    /// Something waits that a core is free for.
    [[nodiscard]] bool can_go_on() const { return has_waiting() && running_ < cores_; }

    [[nodiscard]] bool waits(const Exchange& exchange) const;

    /// Writes into the shared table what waits.
    void show_waiting();

    /// The shared memory of the requests in flight, for the master.
    [[nodiscard]] int requests_fd() const { return region_.fd(); }

  private:
    [[nodiscard]] bool may_start() const { return running_ < cores_ && has_time(); }

    void start(Exchange& exchange);
    std::uint32_t take_core();
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
    std::vector<std::uint32_t> free_cores_;  ///< cores that were used and are free again
    std::uint32_t used_cores_ = 0;           ///< cores that were ever used
    std::uint32_t running_ = 0;
    std::uint32_t lost_ = 0;
    std::uint64_t started_ = 0;
    TimePoint turn_end_;
};

}  // namespace geventd::worker
