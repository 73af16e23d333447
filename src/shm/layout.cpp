// SPDX-License-Identifier: MIT
#include "shm/layout.h"

#include <fmt/core.h>

#include "base/version.h"
#include "shm/lock_table.h"
#include "shm/scoreboard.h"
#include "shm/signal_layout.h"

namespace geventd::shm {

std::string layout() {
    return fmt::format("geventd {}, scoreboard {}, signals {}, locks {}", kVersion,
                       Scoreboard::kVersion, SignalHeader::kVersion, LockHeader::kVersion);
}

}  // namespace geventd::shm
