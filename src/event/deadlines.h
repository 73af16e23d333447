// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "base/fd.h"
#include "event/loop.h"

namespace geventd::event {

class DeadlineList;

/// A point in time at which the owner is called, while it is in a list. Embedded in the owner;
/// leaves its list when destroyed.
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

    void link_before(Deadline& next) noexcept;

    Deadline* next_ = nullptr;
    Deadline* previous_ = nullptr;
    TimePoint due_;
};

/// The timer behind all lists of a loop: one timerfd, set to the earliest deadline. Starting a
/// later deadline costs no system call, so an idle kept connection costs none at all.
/// Lives in: master; worker, loop side.
class DeadlineClock {
  public:
    explicit DeadlineClock(Loop& loop);
    DeadlineClock(const DeadlineClock&) = delete;
    DeadlineClock& operator=(const DeadlineClock&) = delete;
    ~DeadlineClock();

    /// Calls the owners of all deadlines due at `now`. Called by the timer, and by tests, which
    /// choose the time.
    void fall_due(TimePoint now) noexcept;

    /// The time of this turn of the loop.
    [[nodiscard]] TimePoint now() const { return loop_.now(); }

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

/// All deadlines of one kind. They share one delay, so the list is ordered by time and each
/// operation is O(1). A delay of zero means: never. The callback is a member function, bound before
/// the first start:
///
///     list.bind<&Owner::on_due>(owner);   // void Owner::on_due(Item&) noexcept, or without Item
///     list.bind_items<&Item::on_due>();   // void Item::on_due() noexcept
///
/// where Item is derived from Deadline, and every deadline in this list is an Item. The loop calls
/// it at the deadline's time or shortly after; the deadline has left the list by then.
class DeadlineList {
  public:
    DeadlineList(DeadlineClock& clock, Duration delay);
    DeadlineList(const DeadlineList&) = delete;
    DeadlineList& operator=(const DeadlineList&) = delete;
    ~DeadlineList();

    template <auto method, typename Owner>
    void bind(Owner* owner) {
        on_due_ = &tell_owner<method>;
        owner_ = static_cast<typename Signature<decltype(method)>::Class*>(owner);
    }

    template <auto method>
    void bind_items() {
        on_due_ = &tell_item<method>;
    }

    /// (Re)starts the deadline: due one delay after the loop's now.
    void start(Deadline& deadline);

    /// (Re)starts the deadline, due at that time. Costs a walk over the later deadlines.
    void start_at(Deadline& deadline, TimePoint due);

    /// Changes the delay of deadlines that start from now on, for instance when draining.
    void set_delay(Duration delay) { delay_ = delay; }

    [[nodiscard]] Duration delay() const { return delay_; }

    /// True when its deadlines never fall due.
    [[nodiscard]] bool is_off() const { return delay_ == Duration::zero(); }

    [[nodiscard]] bool empty() const { return head_.next_ == &head_; }

    /// The earliest deadline; nullptr when the list is empty.
    [[nodiscard]] Deadline* first() const { return empty() ? nullptr : head_.next_; }

  private:
    friend class DeadlineClock;

    /// The class and the parameter of a member function.
    template <typename Method>
    struct Signature;

    template <typename T, typename I>
    struct Signature<void (T::*)(I&) noexcept> {
        using Class = T;
        using Item = I;
    };

    template <typename T>
    struct Signature<void (T::*)() noexcept> {
        using Class = T;
    };

    template <auto method>
    static void tell_owner(void* owner, Deadline& deadline) noexcept {
        using Bound = Signature<decltype(method)>;
        auto* const object = static_cast<typename Bound::Class*>(owner);
        if constexpr (requires { typename Bound::Item; }) {
            (object->*method)(static_cast<typename Bound::Item&>(deadline));
        } else {
            (object->*method)();
        }
    }

    template <auto method>
    static void tell_item(void*, Deadline& deadline) noexcept {
        (static_cast<typename Signature<decltype(method)>::Class&>(deadline).*method)();
    }

    void expire(TimePoint now) noexcept;

    [[nodiscard]] TimePoint earliest() const {
        return empty() ? TimePoint::max() : head_.next_->due_;
    }

    DeadlineClock& clock_;
    Duration delay_;
    void (*on_due_)(void* owner, Deadline& deadline) noexcept = nullptr;
    void* owner_ = nullptr;
    mutable Deadline head_;
    Deadline expired_;  ///< the head of those that expire() is about to tell of
    DeadlineList* next_list_ = nullptr;
};

}  // namespace geventd::event
