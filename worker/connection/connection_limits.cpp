// SPDX-License-Identifier: MIT
#include "worker/connection/connection_limits.h"

#include <algorithm>
#include <chrono>

namespace geventd::worker {

namespace {

// How long a client may take to close its side.
constexpr auto kLinger = std::chrono::seconds(2);

// The protocol has 16 bits for the size of a block.
constexpr std::size_t kMostInPacket = 65535;

// Variables of a uwsgi packet that are no header fields: the web server's own.
constexpr std::size_t kMostOwnVars = 800;

}  // namespace

ConnectionLimits::ConnectionLimits(event::DeadlineClock& clock, const config::Limits& settings)
    : request{.head = {}, .packet = {}, .body = settings.request_body},
      header(clock, settings.header_timeout),
      body(clock, settings.body_timeout),
      write(clock, settings.write_timeout),
      keep_alive(clock, settings.keep_alive),
      linger(clock, kLinger) {
    const auto fields = static_cast<std::size_t>(settings.header_fields);
    request.head.head = settings.request_head;
    request.head.headers = fields;
    request.packet.vars = kMostOwnVars + fields;
    request.packet.block = std::min<std::size_t>(settings.request_head, kMostInPacket);
}

}  // namespace geventd::worker
