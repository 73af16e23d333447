// SPDX-License-Identifier: MIT
#pragma once

#include "config/settings.h"

namespace geventd::config {

/// A worker's time from the beginning of its drain to its exit. What comes behind requests and
/// background work, such as functions of `atexit`, has a few seconds more.
inline Milliseconds whole_drain(const Limits& limits) {
    return limits.drain_requests + limits.drain_background + std::chrono::seconds(3);
}

}  // namespace geventd::config
