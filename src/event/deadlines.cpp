// SPDX-License-Identifier: MIT
#include "event/deadlines.h"

#include <sys/timerfd.h>

#include <algorithm>

#include "base/errno_error.h"

namespace geventd::event {

namespace {

// Deadlines may fall due this much late, so that one timer expiry serves many of them.
constexpr auto kSlack = std::chrono::milliseconds(20);

timespec to_timespec(TimePoint due) {
    const auto since = due.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    timespec result{};
    result.tv_sec = seconds.count();
    result.tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
    return result;
}

}  // namespace

void Deadline::cancel() noexcept {
    if (next_ != nullptr) {
        next_->previous_ = previous_;
        previous_->next_ = next_;
        next_ = previous_ = nullptr;
    }
}

void Deadline::link_before(Deadline& next) noexcept {
    next_ = &next;
    previous_ = next.previous_;
    previous_->next_ = this;
    next.previous_ = this;
}

DeadlineClock::DeadlineClock(Loop& loop) : loop_(loop), io_(loop) {
    const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) {
        throw_errno("timerfd_create");
    }
    timer_fd_ = raised(UniqueFd::adopt(fd));
    io_.bind<DeadlineClock, &DeadlineClock::on_timer>(this);
    io_.set_rank(Io::Rank::Last);  // what came in time counts, however late the loop sees it
    io_.watch(timer_fd_.get(), Io::kRead);
}

DeadlineClock::~DeadlineClock() {
    io_.stop();
}

void DeadlineClock::add(DeadlineList* list) {
    list->next_list_ = lists_;
    lists_ = list;
}

void DeadlineClock::remove(DeadlineList* list) {
    DeadlineList** place = &lists_;
    while (*place != list) {
        place = &(*place)->next_list_;
    }
    *place = list->next_list_;
}

void DeadlineClock::arm_for(TimePoint due) {
    if (due >= armed_) {
        return;
    }
    armed_ = due;
    itimerspec spec{};
    spec.it_value = to_timespec(due + kSlack);
    ::timerfd_settime(timer_fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void DeadlineClock::on_timer(int) noexcept {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto got = ::read(timer_fd_.get(), &expirations, sizeof expirations);
    armed_ = TimePoint::max();
    fall_due(loop_.refresh_now());
    TimePoint next = TimePoint::max();
    for (DeadlineList* list = lists_; list != nullptr; list = list->next_list_) {
        next = std::min(next, list->earliest());
    }
    if (next != TimePoint::max()) {
        arm_for(next);
    }
}

void DeadlineClock::fall_due(TimePoint now) noexcept {
    for (DeadlineList* list = lists_; list != nullptr; list = list->next_list_) {
        list->expire(now);
    }
}

DeadlineList::DeadlineList(DeadlineClock& clock, Duration delay) : clock_(clock), delay_(delay) {
    head_.next_ = head_.previous_ = &head_;
    expired_.next_ = expired_.previous_ = &expired_;
    clock_.add(this);
}

DeadlineList::~DeadlineList() {
    for (Deadline* head : {&head_, &expired_}) {
        while (head->next_ != head) {
            head->next_->cancel();
        }
        head->next_ = head->previous_ = nullptr;
    }
    clock_.remove(this);
}

void DeadlineList::start(Deadline& deadline) {
    if (delay_ == Duration::zero()) {
        deadline.cancel();
        return;
    }
    start_at(deadline, clock_.loop_.now() + delay_);
}

void DeadlineList::start_at(Deadline& deadline, TimePoint due) {
    deadline.cancel();
    deadline.due_ = due;
    // After the list's delay was shortened, a new deadline may belong before older ones; that is
    // rare.
    Deadline* after = head_.previous_;
    while (after != &head_ && after->due_ > deadline.due_) {
        after = after->previous_;
    }
    deadline.link_before(*after->next_);
    clock_.arm_for(deadline.due_);
}

// What is started meanwhile waits for the next time, also where it is due at once: a deadline that
// starts itself again would hold the loop for ever. Those that are due hang on a member, not on the
// stack, which a switch of greenlets copies away.
void DeadlineList::expire(TimePoint now) noexcept {
    while (!empty() && head_.next_->due_ <= now) {
        Deadline& first = *head_.next_;
        first.cancel();
        first.link_before(expired_);
    }
    while (expired_.next_ != &expired_) {
        Deadline& first = *expired_.next_;
        first.cancel();
        on_due_(owner_, first);
    }
}

}  // namespace geventd::event
