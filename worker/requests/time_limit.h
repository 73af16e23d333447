// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "event/deadlines.h"

namespace geventd::worker {

class Request;
struct HeldSignal;

/// The time limit of one request, or of the handler of one signal. A member of that.
class TimeLimit : public event::Deadline {
  public:
    /// What was done to end the greenlet.
    enum class Stage : std::uint8_t {
        Running,   ///< nothing
        TimedOut,  ///< RequestTimeout was thrown
        Exited,    ///< it survived RequestTimeout; GreenletExit was thrown
        Lost,      ///< it survived both, and is left alone
    };

    explicit TimeLimit(Request& request) : request_(&request) {}

    explicit TimeLimit(HeldSignal& signal) : signal_(&signal) {}

    [[nodiscard]] Stage stage() const { return stage_; }

    /// Removes the limit.
    void reset() noexcept {
        cancel();
        stage_ = Stage::Running;
    }

  private:
    friend class TimeLimits;
    Request* request_ = nullptr;
    HeldSignal* signal_ = nullptr;
    Stage stage_ = Stage::Running;
    TimePoint due_by_default_ = TimePoint::max();
    TimePoint started_;
};

}  // namespace geventd::worker
