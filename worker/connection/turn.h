// SPDX-License-Identifier: MIT
#pragma once

#include "event/loop.h"

namespace geventd::worker {

/// Whether the hub is in a turn of the worker's loop. What is put off to the end of a turn asks for
/// another one where there is none.
/// Lives in: worker, loop side.
class Turn {
  public:
    explicit Turn(event::Loop& loop) : loop_(loop) {}

    void begin() { on_ = true; }

    void end() { on_ = false; }

    /// There will be an end of a turn.
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
