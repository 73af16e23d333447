// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "master/status.h"

namespace geventd::master {

/// A moment of the server in Prometheus' text format 0.0.4. Times are in seconds, sizes in bytes.
/// Workers are told apart by generation and number; a worker that is started again begins at 0.
/// `rss` reads a process' resident memory; none when it is gone.
std::string format_prometheus(const Status& status,
                              const std::function<std::optional<std::uint64_t>(pid_t)>& rss);

}  // namespace geventd::master
