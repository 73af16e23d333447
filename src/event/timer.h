// SPDX-License-Identifier: MIT
#pragma once

#include "event/deadlines.h"

namespace geventd::event {

/// Calls its owner once, at the time that it was last started for. The callback is a member
/// function: `Timer timer{clock}; timer.bind<Class, &Class::on_timer>(this)`. It may start the
/// timer again.
/// Lives in: master; worker, loop side.
class Timer {
  public:
    explicit Timer(DeadlineClock& clock)
        : list_(
              clock, Duration::zero(),
              [](void* self, Deadline&) noexcept {
                  const Timer& timer = *static_cast<Timer*>(self);
                  timer.call_(timer.owner_);
              },
              this) {}

    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() = default;

    template <typename T, void (T::*method)() noexcept>
    void bind(T* owner) {
        owner_ = owner;
        call_ = [](void* object) noexcept { (static_cast<T*>(object)->*method)(); };
    }

    /// (Re)starts it: due `delay` after the loop's now. A delay of zero means: never.
    void start(Duration delay) {
        deadline_.cancel();
        list_.set_delay(delay);
        list_.start(deadline_);
    }

    void cancel() noexcept { deadline_.cancel(); }

    [[nodiscard]] bool pending() const { return deadline_.pending(); }

  private:
    DeadlineList list_;
    Deadline deadline_;
    void (*call_)(void*) noexcept = nullptr;
    void* owner_ = nullptr;
};

}  // namespace geventd::event
