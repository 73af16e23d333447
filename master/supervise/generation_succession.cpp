// SPDX-License-Identifier: MIT
// Generation: how it takes the place of another, or leaves it to another.
#include <utility>

#include "master/supervise/generation.h"

namespace geventd::master {

void Generation::roll(Generation* former) {
    if (const int ready = roll_on(); ready > 0 && former != nullptr) {
        former->strength().make_room(ready);
    }
}

// When all workers started so far are ready: starts one more and returns their number. Else 0.
int Generation::roll_on() {
    const std::size_t ready = workers_->count_ready();
    if (state_ != State::Booting || ready < workers_->allowed() || ready == workers_->size()) {
        return 0;
    }
    workers_->allow(ready + 1);
    settle();
    return static_cast<int>(ready);
}

void Generation::give_way() {
    if (state_ == State::Failed && !std::exchange(gave_way_, true)) {
        workers_->drain(ipc::DrainReason::Replace);
    }
}

std::string Generation::why_no_return() const {
    if (apart_) {
        return "each worker loads the application itself (app.preload)";
    }
    return templates_->can_start() ? "" : "its template is not there";
}

}  // namespace geventd::master
