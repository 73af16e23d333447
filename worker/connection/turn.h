// SPDX-License-Identifier: MIT
#pragma once

#include "event/loop.h"

namespace geventd::worker {

/// Whether the worker's loop is in a turn. Who leaves work for the end of a turn calls ensure().
/// Lives in: worker, loop side.
class Turn {
  public:
    explicit Turn(event::Loop& loop) : loop_(loop) {}

    void begin() { on_ = true; }

    void end() { on_ = false; }

    /// Outside a turn: asks the hub for one.
    void ensure() {
        if (!on_) {
            loop_.wake();
        }
    }

  private:
    event::Loop& loop_;
    bool on_ = false;
};

}  // namespace geventd::worker
