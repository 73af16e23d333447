// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "master/status/status.h"

namespace geventd::master {

/// How many cores the workers have that are ready, and how many of them are busy.
struct CoreUse {
    std::uint64_t cores = 0;
    std::uint64_t busy = 0;

    static CoreUse of(const Status& status);

    /// From 0 to 1; 1 without any core.
    [[nodiscard]] double ratio() const;
};

/// Why the server cannot take requests now, in one line; empty when it can. `saturation`: percent
/// of busy cores that mean so too; 0: none does.
std::string why_not_ready(const Status& status, int saturation);

/// The same as one line for HAProxy's agent-check: that the server shall get no new requests
/// (drain), or which part of its weight it shall have, as many percent as cores are free. It is
/// never 0, which would be the end of new requests for a server that is only full.
std::string format_agent(const Status& status, int saturation);

}  // namespace geventd::master
