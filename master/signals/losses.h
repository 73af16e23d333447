// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "shm/signal_recovery.h"

namespace geventd::master {

/// Logs signals that were given up: one line for each number and reason.
void log_losses(std::span<const shm::SignalLoss> losses);

}  // namespace geventd::master
