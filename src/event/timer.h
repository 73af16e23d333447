// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "event/deadlines.h"

namespace geventd::event {

/// Calls one member function once, at a given time or shortly after. To repeat, start it again,
/// usually in that function.
///
///     Timer timer{clock};
///     timer.bind<&Owner::on_time>(owner);  // void Owner::on_time() noexcept
///     timer.start(std::chrono::seconds(2));
///
/// Many deadlines with the same delay are cheaper as a DeadlineList.
/// Lives in: master; worker, loop side. Destroy before its clock.
class Timer {
  public:
    explicit Timer(DeadlineClock& clock) : clock_(clock), list_(clock, Duration::zero()) {}

    template <auto method, typename Owner>
    void bind(Owner* owner) {
        list_.bind<method>(owner);
    }

    /// (Re)starts the timer: due `delay` after the beginning of this turn of the loop.
    void start(Duration delay) { start_at(clock_.now() + delay); }

    /// (Re)starts the timer: due at that time, or soon if it has passed.
    void start_at(TimePoint due) { list_.start_at(deadline_, due); }

    /// Starts the timer unless it is running.
    void start_unless_pending(Duration delay) {
        if (!pending()) {
            start(delay);
        }
    }

    void cancel() noexcept { deadline_.cancel(); }

    [[nodiscard]] bool pending() const { return deadline_.pending(); }

  private:
    DeadlineClock& clock_;
    DeadlineList list_;
    Deadline deadline_;
};

}  // namespace geventd::event
