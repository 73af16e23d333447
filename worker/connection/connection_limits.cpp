// SPDX-License-Identifier: MIT
#include "worker/connection/connection_limits.h"

#include <algorithm>
#include <chrono>

namespace geventd::worker {

namespace {

// How long a client may take to close its side, or to send its first request to a worker that
// stops.
constexpr auto kLinger = std::chrono::seconds(2);

// How often to look whether the client has received all of a broken answer.
constexpr auto kFlushLook = std::chrono::milliseconds(50);
constexpr auto kLongestFlush = std::chrono::seconds(60);

// Zero means no limit.
Duration or_ever(Duration time) {
    return time == Duration::zero() ? Duration::max() : time;
}

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
      linger(clock, kLinger),
      flush(clock, kFlushLook),
      body_rate(settings.body_rate),
      write_rate(settings.write_rate),
      body_time(or_ever(settings.body_timeout)),
      write_time(or_ever(settings.write_timeout)),
      stream_write_time(or_ever(settings.websocket_write)),
      stream_silence(settings.websocket_pong == Duration::zero() ? Duration::zero()
                                                                 : settings.websocket_ping),
      stream_patience(settings.websocket_pong),
      flush_time(settings.write_timeout == Duration::zero() ? kLongestFlush
                                                            : settings.write_timeout) {
    const auto fields = static_cast<std::size_t>(settings.header_fields);
    request.head.head = settings.request_head;
    request.head.headers = fields;
    request.packet.vars = kMostOwnVars + fields;
    request.packet.block = std::min<std::size_t>(settings.request_head, kMostInPacket);
}

}  // namespace geventd::worker
