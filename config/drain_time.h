// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "config/settings.h"

namespace geventd::config {

/// The time that WebSockets are given when their worker stops or is replaced.
inline Milliseconds drain_of_websockets(const Limits& limits) {
    return limits.drain_websockets == Milliseconds::zero() ? limits.drain_requests
                                                           : limits.drain_websockets;
}

/// A worker's time from the beginning of its drain to its exit. Whatever follows requests and
/// background work, such as `atexit` functions, gets a few more seconds.
inline Milliseconds whole_drain(const Limits& limits) {
    return std::max(limits.drain_requests, drain_of_websockets(limits)) + limits.drain_background +
           std::chrono::seconds(3);
}

/// How much longer a worker may take that is replaced: it keeps its sticky sessions as long as
/// WebSockets, and then their last requests have the time of requests.
inline Milliseconds drain_of_sessions(const Settings& settings) {
    const Limits& limits = settings.limits;
    return settings.sticky.is_set() ? std::min(limits.drain_requests, drain_of_websockets(limits))
                                    : Milliseconds::zero();
}

/// The time from the request to stop until the last worker has ended or is killed.
inline Milliseconds whole_stop(const Limits& limits) {
    return limits.drain_delay + whole_drain(limits);
}

}  // namespace geventd::config
