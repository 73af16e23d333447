// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <vector>

#include "schedule/cron_entry.h"

namespace geventd::master {

using schedule::CronEntry;

/// Cron entries by the wall clock, which the caller passes in and which may jump. A new entry
/// first fires in the next matching minute to begin.
///
/// When the clock jumps forward by up to three hours (a suspended machine, a correction), an entry
/// for certain hours that would have fired meanwhile fires once, now; an entry for every hour fires
/// only if the present minute matches. After a longer jump nothing is caught up.
///
/// When the clock jumps back by up to three hours, an entry for certain hours does not fire before
/// the clock has passed its last firing; an entry for every hour waits like that only after a jump
/// of at most two minutes. After a longer jump all entries start from the new time.
/// Lives in: master.
class Crons {
  public:
    void add(std::uint64_t id, const CronEntry& entry, std::time_t now);

    void remove(std::uint64_t id);

    /// Starts all entries from this moment; another master has fired those up to it.
    void start_from(std::time_t moment);

    /// The ids of entries that fire now, each once.
    std::vector<std::uint64_t> due(std::time_t now);

    /// When the next entry fires, unless the clock jumps.
    [[nodiscard]] std::optional<std::time_t> next();

  private:
    struct Cron {
        CronEntry entry;
        std::optional<std::time_t> next;
        std::time_t fired = 0;  ///< the minute it last fired for
    };

    static bool fires(const Cron& cron, std::time_t now);
    void follow_back(std::time_t now);

    void find_next();

    std::map<std::uint64_t, Cron> crons_;
    std::time_t seen_ = 0;
    std::optional<std::time_t> next_;
    bool next_is_known_ = true;  ///< false: next() has to compute it
};

}  // namespace geventd::master
