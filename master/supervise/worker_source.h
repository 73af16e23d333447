// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "ipc/channel.h"

namespace geventd::master {

/// Where a generation's workers come from: forked by its template, or each executed on its own.
/// Lives in: master.
class WorkerSource {
  public:
    struct Started {
        pid_t pid;  ///< 0: not known before its Hello
        ipc::Channel channel;
    };

    virtual ~WorkerSource() = default;

    /// False while there is no process to fork from.
    [[nodiscard]] virtual bool can_start() const = 0;

    /// True when the process that was to fork has ended: workers that were asked for and have not
    /// said Hello will not come, through no fault of their own.
    virtual bool has_lost_requests() { return false; }

    /// nullopt when it failed, which has been logged; try again later.
    virtual std::optional<Started> start(std::uint32_t slot, std::uint32_t worker) = 0;
};

}  // namespace geventd::master
