// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>

#include "base/clock.h"
#include "master/status/status.h"

namespace geventd::master {

/// Resident and virtual memory of a process by /proc; none when it is gone.
Memory read_memory(pid_t pid);

/// The memory of the server's processes. What is shared among how many takes the kernel a while
/// to find out (it walks the page tables), so only so much is asked at a time, and what was
/// found out lately is not asked again.
/// Lives in: master.
class MemoryGauge {
  public:
    struct Thrift {
        Duration fresh;   ///< how long a figure is good for
        Duration budget;  ///< for one look at all processes; what is older stands in for the rest
    };

    explicit MemoryGauge(Thrift thrift) : thrift_(thrift) {}

    /// Fills in the memory of the workers, and of all processes together.
    void complete(Status& status);

  private:
    struct Known {
        std::optional<std::uint64_t> pss;
        TimePoint at;
        bool wanted = false;
    };

    std::optional<std::uint64_t> pss(pid_t pid, TimePoint end);

    Thrift thrift_;
    std::map<pid_t, Known> known_;
};

}  // namespace geventd::master
