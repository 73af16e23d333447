// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "event/deadlines.h"

namespace geventd::event {

/// Calls one member function once, at a time or shortly after. What is wanted again is started
/// again, in that function as a rule.
///
///     Timer timer{clock};
///     timer.bind<&Owner::on_time>(owner);  // void Owner::on_time() noexcept
///     timer.start(std::chrono::seconds(2));
///
/// Many moments that share one delay are cheaper as a DeadlineList.
/// Lives in: master; worker, loop side. To be destroyed before its clock.
class Timer {
  public:
    explicit Timer(DeadlineClock& clock) : clock_(clock), list_(clock, Duration::zero()) {}

    template <auto method, typename Owner>
    void bind(Owner* owner) {
        list_.bind<method>(owner);
    }

    /// (Re)starts it: the call comes so much later than this turn of the loop.
    void start(Duration delay) { start_at(clock_.now() + delay); }

    /// (Re)starts it: the call comes at that time, or soon where that is over.
    void start_at(TimePoint due) { list_.start_at(deadline_, due); }

    /// Starts it where it does not run already.
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
