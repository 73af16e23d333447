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

/// Cron entries by the wall clock, which the caller passes in and which may jump. An entry fires
/// first in the next matching minute that begins.
///
/// The clock is late or set forward by up to three hours (a suspended machine, a correction): an
/// entry for certain hours that would have fired meanwhile fires once, now; an entry for every
/// hour fires now only if this minute matches. By more: nothing is caught up. The clock is set
/// back by up to three hours: an entry for certain hours does not fire again before the clock has
/// passed its last firing (one for every hour does so only when it was set back by two minutes at
/// most). By more: all entries start from the new time.
/// Lives in: master.
class Crons {
  public:
    void add(std::uint64_t id, const CronEntry& entry, std::time_t now);

    void remove(std::uint64_t id);

    /// All entries count from that moment, up to which others have fired them.
    void start_from(std::time_t moment);

    /// The ids that fire now, each once.
    std::vector<std::uint64_t> due(std::time_t now);

    /// The next firing, as far as the clock does not jump.
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
    bool next_is_known_ = true;  ///< else it is looked for when it is asked for
};

}  // namespace geventd::master
