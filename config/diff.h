// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/describe.h"
#include "config/settings.h"

namespace geventd::config {

/// A key with another value than before.
struct Difference {
    std::string key;  ///< as it is described: "listen.backlog", whichever of the listeners it is
    Moment moment;    ///< when the wanted value takes effect

    bool operator==(const Difference&) const = default;
};

/// The keys that differ, each once. Listeners are compared with the one of the same address, and
/// other lists by their first key too, so that another order alone is no difference.
std::vector<Difference> differences(const Settings& running, const Settings& wanted);

/// What a reload cannot take over: those values of `wanted` become the running ones, so that it
/// holds what is true after the reload. The keys concerned are returned.
std::vector<std::string> keep_until_restart(const Settings& running, Settings& wanted);

/// The word of the manual: "now", "new generation", "restart"; "now; stderr: restart".
std::string effect_text(Effect effect);

}  // namespace geventd::config
