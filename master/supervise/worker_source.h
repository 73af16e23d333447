// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "ipc/channel.h"

namespace geventd::master {

/// Where a generation's workers come from: forked by its template, or each exec'd on its own.
/// Lives in: master.
class WorkerSource {
  public:
    struct Started {
        pid_t pid;  ///< 0: it will say Hello
        ipc::Channel channel;
    };

    virtual ~WorkerSource() = default;

    /// False while there is nobody to fork from.
    [[nodiscard]] virtual bool can_start() const = 0;

    /// Who was to fork them has ended: processes that were started and have not said Hello will not
    /// come, through no fault of theirs.
    virtual bool has_lost_requests() { return false; }

    /// nullopt when it went wrong, which has been logged: to be tried again later.
    virtual std::optional<Started> start(std::uint32_t slot, std::uint32_t worker) = 0;
};

}  // namespace geventd::master
