// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "event/deadlines.h"

namespace geventd::worker {

class Request;
struct HeldSignal;

/// The time that one request, or the handler of one signal, may take. Embedded in it.
class TimeLimit : public event::Deadline {
  public:
    /// How hard its greenlet has been pressed to end.
    enum class Stage : std::uint8_t {
        Running,   ///< not at all
        TimedOut,  ///< RequestTimeout was thrown into it
        Exited,    ///< it swallowed that: GreenletExit was
        Lost,      ///< it survived both, and is left to itself
    };

    explicit TimeLimit(Request& request) : request_(&request) {}

    explicit TimeLimit(HeldSignal& signal) : signal_(&signal) {}

    [[nodiscard]] Stage stage() const { return stage_; }

    /// Nothing presses it, and nothing will.
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
