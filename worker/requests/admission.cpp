// SPDX-License-Identifier: MIT
#include "worker/requests/admission.h"

#include <algorithm>
#include <utility>

#include "worker/requests/counters.h"

namespace geventd::worker {

namespace {

// How soon a change of the number of busy cores is shown.
constexpr auto kBusyShown = std::chrono::seconds(1);

// How often the queue is searched for overdue requests: they are refused at most this much late.
constexpr auto kQueueCheck = std::chrono::milliseconds(50);

}  // namespace

Admission::Admission(event::Loop& loop, event::DeadlineClock& clock,
                     const config::Settings& settings, Accounts& accounts)
    : loop_(loop),
      accounts_(accounts),
      cores_(static_cast<std::uint32_t>(settings.workers.cores)),
      rejects_when_full_(settings.workers.when_full == config::WhenFull::Reject),
      region_(shm::Region::create("geventd-requests", shm::RequestTable::size_for(cores_))),
      table_(region_.data(), region_.size()),
      queue_timer_(clock),
      queue_time_(settings.limits.queue_time),
      busy_timer_(clock) {
    queue_timer_.bind<&Admission::refuse_overdue>(this);
    busy_timer_.bind<&Admission::on_busy_time>(this);
    show(accounts_.slot().cores, cores_);
    // Reserved so that the end of a request cannot fail for lack of memory.
    free_cores_.reserve(cores_);
    orphans_.reserve(cores_);
}

void Admission::admit(Exchange& exchange) {
    if (waiting_.empty() && may_start()) {
        start(exchange);
    } else {
        waiting_.push_back(&exchange);
        show(accounts_.slot().queued, waiting_.size());
        if (rejects_when_full_) {
            queue_timer_.start_unless_pending(kQueueCheck);
        }
    }
    changed_();
}

void Admission::start(Exchange& exchange) {
    Request& request = exchange.request();
    // These may throw std::bad_alloc; nothing after them does.
    if (request.id.empty()) {
        names_.make(request.id);
    }
    const shm::RequestTable::Facts facts = facts_of(exchange);
    ++running_;
    show_busy();
    shm::WorkerSlot& slot = accounts_.slot();
    if (running_ > slot.cores_peak.load(std::memory_order_relaxed)) {
        show(slot.cores_peak, running_);
    }
    request.core = take_core();
    request.ordinal = started_++;
    table_.put(request.core, facts);
    exchange.run();
}

std::uint32_t Admission::take_core() {
    if (free_cores_.empty()) {
        return used_cores_++;
    }
    const std::uint32_t core = free_cores_.back();
    free_cores_.pop_back();
    return core;
}

void Admission::show_busy() {
    show(accounts_.slot().cores_busy, running_);
    busy_timer_.start_unless_pending(kBusyShown);
}

void Admission::on_busy_time() noexcept {
    if (busy_changed_) {
        busy_changed_();
    }
}

void Admission::leave_core(Request& request) {
    free_core(request);
    request.left_core = true;
    ++left_;
    ended_();
}

void Admission::make_room_for_one() {
    const std::size_t most = cores_ + left_ + 1;
    if (orphans_.capacity() < most) {
        orphans_.reserve(2 * most);
    }
}

void Admission::ended(Request& request) {
    if (request.reader || request.writer) {
        orphans_.emplace_back(request);
        loop_.wake();
    }
    if (request.left_core) {
        --left_;
        end_limit(request);
        return;  // it was counted when it left
    }
    free_core(request);
    ended_();
}

void Admission::free_core(Request& request) {
    --running_;
    show_busy();
    table_.remove(request.core);
    free_cores_.push_back(request.core);
    end_limit(request);
    accounts_.ended(request);
}

void Admission::end_limit(Request& request) {
    if (request.limit.stage() == TimeLimit::Stage::Lost) {
        --lost_;
    }
    request.limit.reset();
}

void Admission::resume_orphans() {
    const std::size_t ended = orphans_.size();
    for (std::size_t i = 0; i < ended; ++i) {  // orphans_ may grow meanwhile
        const RequestRef orphan = orphans_[i];
        for (Waiter* waiter : {&orphan->reader, &orphan->writer}) {
            if (*waiter) {
                application_->resume(*waiter);
            }
        }
    }
    orphans_.erase(orphans_.begin(), orphans_.begin() + static_cast<std::ptrdiff_t>(ended));
}

void Admission::start_waiting() {
    while (!waiting_.empty() && may_start()) {
        Exchange& exchange = *waiting_.front();
        waiting_.pop_front();
        show(accounts_.slot().queued, waiting_.size());
        exchange.attempt([this, &exchange] { start(exchange); });
    }
}

// Answers 503 to requests that waited too long. The oldest request is at the front of the queue.
void Admission::refuse_overdue() noexcept {
    const TimePoint latest = loop_.now() - queue_time_;
    while (!waiting_.empty() && waiting_.front()->request().times.received <= latest) {
        Exchange& exchange = *waiting_.front();
        waiting_.pop_front();
        show(accounts_.slot().queued, waiting_.size());
        exchange.attempt([&exchange] { exchange.queue_timed_out(); });
    }
    if (!waiting_.empty()) {
        queue_timer_.start(kQueueCheck);
    }
}

// Called twice a second, with the pulse, and not at each change: most requests are queued for less
// than a turn of the hub.
void Admission::show_waiting() {
    constexpr std::size_t kMost = shm::RequestTable::kMostWaiting;
    const auto count = static_cast<std::uint32_t>(std::min(waiting_.size(), kMost));
    for (std::uint32_t place = 0; place < count; ++place) {
        const Exchange& exchange = *waiting_[place];
        if (exchange.request().id.empty()) {
            names_.make(exchange.request().id);
        }
        table_.put_waiting(place, facts_of(exchange));
    }
    table_.set_waiting(count);
}

void Admission::leave(const Exchange& exchange) noexcept {
    const auto place = std::find(waiting_.begin(), waiting_.end(), &exchange);
    if (place != waiting_.end()) {
        waiting_.erase(place);
    }
    show(accounts_.slot().queued, waiting_.size());
}

bool Admission::waits(const Exchange& exchange) const {
    return std::find(waiting_.begin(), waiting_.end(), &exchange) != waiting_.end();
}

}  // namespace geventd::worker
