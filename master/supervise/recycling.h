// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "config/settings.h"
#include "master/process/processes.h"
#include "master/supervise/worker_handle.h"

namespace geventd::master {

/// Says which worker is due to be replaced by a fresh one: it has served its workers.max-requests
/// (the worker tells), reached workers.max-lifetime, or holds more memory than
/// workers.reload-on-rss.
/// Lives in: master, in a pool.
class Recycling {
  public:
    /// How often memory is looked at.
    static constexpr Duration kLookEvery = std::chrono::seconds(1);

    Recycling(const config::Workers& settings, const Processes& processes)
        : max_lifetime_(settings.max_lifetime),
          max_rss_(settings.reload_on_rss),
          processes_(processes) {}

    /// Why the worker is due, as a phrase for the log; "" when it is not.
    [[nodiscard]] std::string reason(const WorkerHandle& worker, TimePoint now) const;

    /// When reason() may have a new answer by itself, without anything heard of the worker.
    [[nodiscard]] TimePoint next_look(const WorkerHandle& worker, TimePoint now) const;

  private:
    Duration max_lifetime_;
    std::uint64_t max_rss_;
    const Processes& processes_;
};

}  // namespace geventd::master
