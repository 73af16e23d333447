// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "base/clock.h"
#include "config/settings.h"
#include "master/supervise/standstill.h"

namespace geventd::master {

/// How long the processes of a generation may take until they are of use, by its settings.
struct Patience {
    Patience() = default;

    explicit Patience(const config::Limits& limits)
        : load{limits.slow_load, limits.load_time, "limits.load-time"},
          answer{{}, limits.fork_time, "limits.fork-time"} {
        // Whether the template goes on at all is seen much earlier, but for those who do not want
        // that. So this one is for a process that stands still before it can say its name.
        if (limits.load_time.count() > 0 && limits.fork_time.count() > 0) {
            queue = {{}, std::chrono::minutes(10), "ten minutes after the template was asked"};
        }
    }

    Standstill::Limits load;    ///< the application, or what is to be done behind a fork
    Standstill::Limits queue;   ///< of one that a template is to fork, until it says its name
    Standstill::Limits answer;  ///< of a template, to a request for a process
};

}  // namespace geventd::master
