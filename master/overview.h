// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "master/metrics/page.h"
#include "master/observe/observer.h"
#include "master/replace/parts.h"
#include "master/replace/reloads.h"
#include "master/replace/turns.h"
#include "master/replace/upgrades.h"
#include "master/stacks/stack_collector.h"
#include "master/status/views.h"

namespace geventd::master {

/// Puts the server's status together from what its parts know. Changes nothing.
/// Lives in: master, one.
class Overview final : public Views {
  public:
    Overview(const Parts& parts, const shm::Scoreboard& board, const Turns& turns,
             const Reloads& reloads, const Upgrades& upgrades);

    /// Starts recording the figures of each second.
    void start() { observer_.start(); }

    [[nodiscard]] Status status() const override;
    [[nodiscard]] Status full_status() override;

    [[nodiscard]] const std::deque<HistoryPoint>& history() const override {
        return observer_.history();
    }

    [[nodiscard]] std::vector<RequestStatus> requests() const override;
    [[nodiscard]] std::vector<WebSocketStatus> websockets() const override;
    Result<void> stacks(const std::string& of, StacksDone done) override;

    /// The pages at the addresses of `metrics`. `overview` may be constructed after this call.
    static PageSource pages_of(Overview& overview);

  private:
    const Parts& parts_;
    const Turns& turns_;
    const Reloads& reloads_;
    const Upgrades& upgrades_;
    TimePoint born_;
    std::chrono::system_clock::time_point started_;
    StackCollector stack_collector_;
    Observer observer_;
};

}  // namespace geventd::master
