// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"
#include "master/upgrade/message.h"
#include "shm/signal_claimer.h"

namespace geventd::master {

/// A pending signal as a message, as the other master's table may have another layout.
UpgradeMessage format_signal(std::uint64_t id, const shm::SignalClaim& signal);

/// The signal in such a message; its payload points into the message's body. Fails with a
/// sentence.
Result<shm::SignalClaim> parse_signal(const UpgradeMessage& message);

}  // namespace geventd::master
