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

/// What follows the requests of a worker that leaves: background work, and a few more seconds for
/// whatever runs at its exit, such as `atexit` functions.
inline Milliseconds drain_of_the_rest(const Limits& limits) {
    return limits.drain_background + std::chrono::seconds(3);
}

/// A worker's time from the beginning of its drain to its exit. Sticky sessions are kept as long as
/// WebSockets; then their last requests get the time of requests.
inline Milliseconds whole_drain(const Settings& settings) {
    const Milliseconds requests = settings.limits.drain_requests;
    const Milliseconds websockets = drain_of_websockets(settings.limits);
    return (settings.sticky.is_set() ? websockets + requests : std::max(requests, websockets)) +
           drain_of_the_rest(settings.limits);
}

/// The time from the request to stop until the last worker has ended or is killed. Nobody takes
/// over, so no session is kept.
inline Milliseconds whole_stop(const Limits& limits) {
    return limits.drain_delay + std::max(limits.drain_requests, drain_of_websockets(limits)) +
           drain_of_the_rest(limits);
}

}  // namespace geventd::config
