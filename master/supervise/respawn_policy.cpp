// SPDX-License-Identifier: MIT
#include "master/supervise/respawn_policy.h"

#include <algorithm>

namespace geventd::master {

bool RespawnPolicy::is_grown(TimePoint now) const {
    return alive_ && now - started_ >= tuning_.youth;
}

void RespawnPolicy::on_start(TimePoint now) {
    started_ = now;
    alive_ = true;
}

TimePoint RespawnPolicy::on_death(TimePoint now, Life life) {
    early_deaths_ = is_grown(now) ? 0 : early_deaths_ + 1;
    alive_ = false;
    if (early_deaths_ <= 1) {
        return now;
    }
    const Duration longest =
        life == Life::Useful ? tuning_.longest_delay_of_useful : tuning_.longest_delay;
    Duration delay = tuning_.first_delay;
    for (int death = 2; death < early_deaths_ && delay < longest; ++death) {
        delay *= 2;
    }
    return now + std::min(delay, longest);
}

bool RespawnPolicy::crash_looping(TimePoint now) const {
    return early_deaths_ >= tuning_.looping_after && !is_grown(now);
}

}  // namespace geventd::master
