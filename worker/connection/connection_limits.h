// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "config/settings.h"
#include "event/deadlines.h"
#include "http/head_parser.h"
#include "uwsgi/packet.h"

namespace geventd::worker {

/// How large requests may be.
struct RequestLimits {
    http::HeadLimits head;
    uwsgi::PacketLimits packet;
    std::uint64_t body;  ///< bytes; 0: any number
};

/// The limits of connections: sizes, and a list of deadlines for each kind of wait.
/// Lives in: worker, loop side.
struct ConnectionLimits {
    ConnectionLimits(event::DeadlineClock& clock, const config::Limits& settings);

    /// All lists of deadlines, for binding them.
    std::array<event::DeadlineList*, 6> waits() {
        return {&header, &body, &write, &keep_alive, &linger, &flush};
    }

    RequestLimits request;
    event::DeadlineList header;
    event::DeadlineList body;
    event::DeadlineList write;
    event::DeadlineList keep_alive;
    event::DeadlineList linger;
    event::DeadlineList flush;  ///< for a look whether the kernel has sent all
    std::uint64_t body_rate;    ///< bytes a second; 0: any
    std::uint64_t write_rate;
    Duration body_time;  ///< limits.body-timeout, or the longest time there is
    Duration write_time;
    Duration stream_write_time;  ///< the same after an upgrade: limits.websocket-write
    Duration stream_silence;     ///< after which a client on a raw stream is asked; 0: never
    Duration stream_patience;    ///< how long it may take to answer
    Duration flush_time;         ///< how long that may take in all
};

}  // namespace geventd::worker
