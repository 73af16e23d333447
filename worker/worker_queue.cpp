// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "worker/counters.h"
#include "worker/worker.h"

// Requests that wait for a core.

namespace geventd::worker {

void Worker::admit(Exchange& exchange) {
    if (waiting_.empty() && may_start()) {
        start(exchange);
    } else {
        waiting_.push_back(&exchange);
        show(slot_.queued, waiting_.size());
        if (rejects_when_full_ && !queue_deadline_.pending()) {
            queue_list_.start(queue_deadline_);
        }
    }
    regulate_accepting();
}

// Answers 503 to requests that waited too long; the queue is in order of time.
void Worker::refuse_overdue() {
    const TimePoint latest = loop_.now() - queue_time_;
    while (!waiting_.empty() && waiting_.front()->request().received <= latest) {
        Exchange& exchange = *waiting_.front();
        waiting_.pop_front();
        show(slot_.queued, waiting_.size());
        exchange.attempt([&exchange] { exchange.overdue(); });
    }
    if (!waiting_.empty()) {
        queue_list_.start(queue_deadline_);
    }
}

void Worker::start_waiting() {
    const std::size_t ended = orphans_.size();
    for (std::size_t i = 0; i < ended; ++i) {  // it grows
        const RequestRef orphan = orphans_[i];
        for (Waiter* waiter : {&orphan->reader, &orphan->writer}) {
            if (*waiter) {
                application_->resume(*waiter);
            }
        }
    }
    orphans_.erase(orphans_.begin(), orphans_.begin() + static_cast<std::ptrdiff_t>(ended));
    while (!waiting_.empty() && may_start()) {
        Exchange& exchange = *waiting_.front();
        waiting_.pop_front();
        show(slot_.queued, waiting_.size());
        exchange.attempt([this, &exchange] { start(exchange); });
    }
    // A request found here takes its place in the queue when no core is free.
    const std::size_t visits = revisits_.size();
    for (std::size_t i = 0; i < visits; ++i) {  // it grows
        Connection& connection = *revisits_[i];
        if (connection.state() == Connection::State::Idle && connection.has_input()) {
            connection.revisit();
        }
    }
    revisits_.erase(revisits_.begin(), revisits_.begin() + static_cast<std::ptrdiff_t>(visits));
    regulate_accepting();
}

// Twice a second, with the pulse: most requests that wait do so for less than a turn of the hub.
void Worker::show_waiting() {
    constexpr std::size_t kMost = shm::RequestTable::kMostWaiting;
    const auto count = static_cast<std::uint32_t>(std::min(waiting_.size(), kMost));
    for (std::uint32_t place = 0; place < count; ++place) {
        const Exchange& exchange = *waiting_[place];
        name(exchange.request());
        request_table_.put_waiting(place, exchange.request_facts());
    }
    request_table_.set_waiting(count);
}

void Worker::leave_queue(const Exchange& exchange) noexcept {
    const auto place = std::find(waiting_.begin(), waiting_.end(), &exchange);
    if (place != waiting_.end()) {
        waiting_.erase(place);
    }
    show(slot_.queued, waiting_.size());
}

}  // namespace geventd::worker
