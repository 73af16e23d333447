// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/fd.h"
#include "event/loop.h"

namespace geventd::event {

class DeadlineList;

/// A moment at which its owner is told, while it stands in a list. Embedded in the owner; leaves
/// its list when destroyed.
class Deadline {
  public:
    Deadline() = default;
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    ~Deadline() { cancel(); }

    void cancel() noexcept;

    [[nodiscard]] bool pending() const { return next_ != nullptr; }

  private:
    friend class DeadlineList;
    Deadline* next_ = nullptr;
    Deadline* previous_ = nullptr;
    TimePoint due_;
};

/// The timer behind every list of a loop: one timerfd, armed for the earliest deadline. Setting a
/// deadline later than that costs no system call, so a kept connection's costs none at all.
/// Lives in: master; worker, loop side.
class DeadlineClock {
  public:
    explicit DeadlineClock(Loop& loop);
    DeadlineClock(const DeadlineClock&) = delete;
    DeadlineClock& operator=(const DeadlineClock&) = delete;
    ~DeadlineClock();

    /// Tells of all that is due at `now`. The timer calls it; so do tests, which move the time.
    void fall_due(TimePoint now) noexcept;

  private:
    friend class DeadlineList;
    void add(DeadlineList* list);
    void remove(DeadlineList* list);
    void arm_for(TimePoint due);
    void on_timer(int events) noexcept;

    Loop& loop_;
    UniqueFd timer_fd_;
    Io io_;
    DeadlineList* lists_ = nullptr;
    TimePoint armed_ = TimePoint::max();
};

/// All deadlines of one kind. They share one delay, so the list is in order of time and each
/// operation is O(1). A delay of zero means: never.
class DeadlineList {
  public:
    /// `on_due(deadline)` is called from the loop, at or shortly after its time; the deadline has
    /// left the list by then.
    using Callback = void (*)(void* context, Deadline& deadline) noexcept;

    DeadlineList(DeadlineClock& clock, Duration delay, Callback on_due, void* context);
    DeadlineList(const DeadlineList&) = delete;
    DeadlineList& operator=(const DeadlineList&) = delete;
    ~DeadlineList();

    /// (Re)starts the deadline: due one delay from the loop's now.
    void start(Deadline& deadline);

    /// (Re)starts the deadline, due at that time. Costs a walk over those that fall due later.
    void start_at(Deadline& deadline, TimePoint due);

    /// For a draining server: shortens the delay of those that start from now on.
    void set_delay(Duration delay) { delay_ = delay; }

    /// Its deadlines never fall due.
    [[nodiscard]] bool is_off() const { return delay_ == Duration::zero(); }

    [[nodiscard]] bool empty() const { return head_.next_ == &head_; }

    /// The deadline that falls due first; nullptr when empty.
    [[nodiscard]] Deadline* first() const { return empty() ? nullptr : head_.next_; }

  private:
    friend class DeadlineClock;
    void expire(TimePoint now) noexcept;

    [[nodiscard]] TimePoint earliest() const {
        return empty() ? TimePoint::max() : head_.next_->due_;
    }

    DeadlineClock& clock_;
    Duration delay_;
    Callback on_due_;
    void* context_;
    mutable Deadline head_;
    DeadlineList* next_list_ = nullptr;
};

}  // namespace geventd::event
