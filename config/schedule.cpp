// SPDX-License-Identifier: MIT
#include "config/schedule.h"

#include <bitset>

#include <fmt/core.h>

#include "schedule/plan.h"

namespace geventd::config {

namespace {

constexpr int kNumbers = 256;

/// Calls visit(entry's signal) for all entries, in a fixed order.
template <typename Visit>
void for_each_signal(Settings& settings, Visit visit) {
    for (Timer& timer : settings.timers) {
        visit(timer.sends);
    }
    for (Cron& cron : settings.crons) {
        visit(cron.sends);
    }
    for (Monitor& monitor : settings.monitors) {
        visit(monitor.sends);
    }
}

}  // namespace

std::vector<ScheduleEntry> schedule_of(const Settings& settings) {
    std::vector<ScheduleEntry> entries;
    for (std::size_t i = 0; i < settings.timers.size(); ++i) {
        const Timer& timer = settings.timers[i];
        entries.push_back({fmt::format("timers[{}]", i),
                           timer.every.count() == 0 ? "" : schedule::timer_text(timer.every),
                           &timer.sends});
    }
    for (std::size_t i = 0; i < settings.crons.size(); ++i) {
        const Cron& cron = settings.crons[i];
        entries.push_back({fmt::format("crons[{}]", i),
                           cron.at.empty() ? "" : schedule::cron_text(cron.at), &cron.sends});
    }
    for (std::size_t i = 0; i < settings.monitors.size(); ++i) {
        const Monitor& monitor = settings.monitors[i];
        entries.push_back({fmt::format("monitors[{}]", i),
                           monitor.path.empty() ? "" : schedule::watch_text(monitor.path),
                           &monitor.sends});
    }
    return entries;
}

void number_schedule(Settings& settings) {
    std::bitset<kNumbers> named;
    for_each_signal(settings, [&](ScheduledSignal& sends) {
        if (sends.signal) {
            sends.number = *sends.signal;
            named.set(static_cast<std::size_t>(sends.number));
        }
    });
    int next = kNumbers - 1;
    const auto give = [&](auto& number) {
        while (next >= 0 && named.test(static_cast<std::size_t>(next))) {
            --next;
        }
        if (next >= 0) {
            number = next--;
        }
    };
    // First, so that its number stays when the schedule changes: what a reload finds pending is
    // meant for the same function.
    if (!settings.hooks.worker_died.empty()) {
        give(settings.hooks.death_signal);
    }
    for_each_signal(settings, [&](ScheduledSignal& sends) {
        if (!sends.signal) {
            give(sends.number);
        }
    });
}

}  // namespace geventd::config
