// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "config/settings.h"
#include "master/process/processes.h"
#include "master/supervise/worker_handle.h"

namespace geventd::master {

/// Decides which worker is due to be replaced: it has served workers.max-requests (it reports this
/// itself), reached workers.max-lifetime, or holds more memory than workers.reload-on-rss.
/// Lives in: master, in a pool.
class Recycling {
  public:
    /// How often the memory is checked.
    static constexpr Duration kLookEvery = std::chrono::seconds(1);

    Recycling(const config::Workers& settings, const Processes& processes)
        : max_lifetime_(settings.max_lifetime),
          max_rss_(settings.reload_on_rss),
          processes_(processes) {}

    /// Why the worker is due, as a phrase for the log; empty when it is not.
    [[nodiscard]] std::string reason(const WorkerHandle& worker, TimePoint now) const;

    /// When reason() may change without a message from the worker.
    [[nodiscard]] TimePoint next_look(const WorkerHandle& worker, TimePoint now) const;

  private:
    Duration max_lifetime_;
    std::uint64_t max_rss_;
    const Processes& processes_;
};

}  // namespace geventd::master
