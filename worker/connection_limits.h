// SPDX-License-Identifier: MIT
#pragma once

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

/// The limits of connections in the form in which they are used: one list of deadlines for each
/// kind of wait.
/// Lives in: worker, loop side.
struct ConnectionLimits {
    /// `expire` is told of each deadline.
    ConnectionLimits(event::DeadlineClock& clock, const config::Limits& settings,
                     void (*expire)(void*, event::Deadline&) noexcept);

    RequestLimits request;
    event::DeadlineList header;
    event::DeadlineList body;
    event::DeadlineList write;
    event::DeadlineList keep_alive;
    event::DeadlineList linger;
};

}  // namespace geventd::worker
