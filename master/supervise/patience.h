// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "base/clock.h"
#include "config/settings.h"
#include "master/supervise/standstill.h"

namespace geventd::master {

/// How long a generation's processes may take until they can be used, from its settings.
struct Patience {
    Patience() = default;

    explicit Patience(const config::Limits& limits)
        : load{limits.slow_load, limits.load_time, "limits.load-time"},
          answer{{}, limits.fork_time, "limits.fork-time"} {
        // limits.fork-time catches a stuck template much earlier, unless it is 0. This limit is
        // for a forked process that hangs before it can say Hello.
        if (limits.load_time.count() > 0 && limits.fork_time.count() > 0) {
            queue = {{}, std::chrono::minutes(10), "ten minutes after the template was asked"};
        }
    }

    Standstill::Limits load;    ///< loading the application, or getting ready after a fork
    Standstill::Limits queue;   ///< from asking the template for a fork to the new process' Hello
    Standstill::Limits answer;  ///< the template's answer to a request to fork
};

}  // namespace geventd::master
