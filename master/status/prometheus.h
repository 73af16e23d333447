// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "master/status/status.h"

namespace geventd::master {

/// A moment of the server in Prometheus' text format 0.0.4. Times are in seconds, sizes in bytes.
/// Workers are told apart by generation and number; a worker that is started again begins at 0.
std::string format_prometheus(const Status& status);

}  // namespace geventd::master
