// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>

#include "event/loop.h"

namespace geventd::worker {

/// Whether the worker's loop is in a turn, and the wall clock of it. Code that leaves work for the
/// end of a turn calls ensure(). Lives in: worker, loop side.
class Turn {
  public:
    explicit Turn(event::Loop& loop) : loop_(loop) {}

    void begin() {
        on_ = true;
        epoch_ = std::time(nullptr);
    }

    void end() { on_ = false; }

    /// Whole seconds of the wall clock, as of the newest turn.
    [[nodiscard]] std::int64_t epoch() const { return epoch_; }

    /// Outside a turn: asks the hub for one.
    void ensure() {
        if (!on_) {
            loop_.wake();
        }
    }

  private:
    event::Loop& loop_;
    bool on_ = false;
    std::int64_t epoch_ = std::time(nullptr);
};

}  // namespace geventd::worker
