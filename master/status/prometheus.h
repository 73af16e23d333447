// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "master/status/status.h"

namespace geventd::master {

/// The status in Prometheus' text format 0.0.4. Times are in seconds, sizes in bytes. Workers are
/// identified by generation and number; the counters of a respawned one start at 0.
std::string format_prometheus(const Status& status);

}  // namespace geventd::master
