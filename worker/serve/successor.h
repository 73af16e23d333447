// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include "config/settings.h"
#include "ipc/messages.h"

namespace geventd::worker {

/// Asks the master for a worker that takes this worker's place.
/// Lives in: worker, loop side.
class Successor {
  public:
    explicit Successor(const config::Workers& settings);

    /// How to ask the master; null: do not ask.
    void ask_by(std::function<void(ipc::Due)> ask) { ask_ = std::move(ask); }

    void ask(ipc::Due reason) const {
        if (ask_) {
            ask_(reason);
        }
    }

    /// Called after each request: asks for the successor when workers.max-requests is reached.
    void count_request() {
        if (--requests_left_ == 0) {
            ask(ipc::Due::ServedEnough);
        }
    }

  private:
    std::function<void(ipc::Due)> ask_;
    std::uint64_t requests_left_;
};

}  // namespace geventd::worker
