// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>

#include "base/clock.h"
#include "master/status/status.h"

namespace geventd::master {

/// Resident and virtual memory of a process from /proc; nullopt when it is gone.
Memory read_memory(pid_t pid);

/// Measures the memory of the server's processes. Shared pages take the kernel a while to
/// attribute (it walks the page tables), so each call measures for a limited time and reuses
/// recent figures.
/// Lives in: master.
class MemoryGauge {
  public:
    struct Limits {
        Duration fresh;   ///< how long a figure is reused
        Duration budget;  ///< time to measure; then old figures are used
    };

    explicit MemoryGauge(Limits limits) : limits_(limits) {}

    /// Fills in the memory of each worker, and of all processes together.
    void complete(Status& status);

  private:
    struct Known {
        std::optional<std::uint64_t> pss;
        TimePoint at;
        bool wanted = false;
    };

    std::optional<std::uint64_t> pss(pid_t pid, TimePoint end);

    Limits limits_;
    std::map<pid_t, Known> known_;
};

}  // namespace geventd::master
