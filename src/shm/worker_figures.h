// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace geventd::shm {

/// What a worker counts and shows of itself. Here is the one list of it: the scoreboard, the
/// status, its JSON document and the metrics for Prometheus are made from it. A new figure is a
/// member here, a line in for_each_worker_figure() and the place in the worker that counts it.
/// `Cell<T>` is what holds a value: std::atomic in the scoreboard, Plain in a status.
template <template <typename> class Cell>
struct WorkerFigures {
    Cell<std::uint32_t> cores{};           ///< configured
    Cell<std::uint32_t> cores_busy{};      ///< requests in their greenlets now
    Cell<std::uint32_t> cores_peak{};      ///< the most that were ever busy at once
    Cell<std::uint32_t> queued{};          ///< complete requests that wait for a core
    Cell<std::uint32_t> connections{};     ///< open client connections
    Cell<std::uint32_t> websockets{};      ///< of these: WebSockets, which hold no core
    Cell<std::uint32_t> background{};      ///< background greenlets, as of the newest pulse
    Cell<std::uint32_t> deaf{};            ///< listening sockets that give errors, no connections
    Cell<std::uint32_t> accepting{};       ///< the mark that uwsgi.accepting() sets
    Cell<std::uint64_t> unsent{};          ///< bytes kept for slow clients, as of the newest pulse
    Cell<std::uint64_t> requests{};        ///< requests that have ended
    Cell<std::uint64_t> static_answers{};  ///< requests answered with files, without a core
    Cell<std::uint64_t> transfers{};       ///< files that a thread sends, as of the newest pulse
    Cell<std::uint64_t> opened{};          ///< WebSockets that were opened
    Cell<std::uint64_t> messages_in{};     ///< messages that WebSockets have received
    Cell<std::uint64_t> messages_out{};    ///< and those that they have sent
    Cell<std::uint64_t> errors{};          ///< of these: the application raised
    Cell<std::uint64_t> rejected{};        ///< malformed requests answered by the server
    Cell<std::uint64_t> redirected{};      ///< requests that were sent to https
    Cell<std::uint64_t> disconnects{};     ///< clients that left before their answer was out
    Cell<std::uint64_t> accepted{};        ///< connections accepted
    Cell<std::uint64_t> handed_over{};     ///< of these: handed to the worker of their session
    Cell<std::uint64_t> handshakes{};      ///< of TLS, that have succeeded
    Cell<std::uint64_t> resumed{};         ///< of these: sessions that went on
    Cell<std::uint64_t> handshakes_failed{};
    Cell<std::uint64_t> failed_certificates{};  ///< of these: a certificate was not accepted
    Cell<std::uint64_t> failed_agreements{};    ///< no version, cipher or protocol in common
    Cell<std::uint64_t> failed_protocols{};     ///< the client does not speak TLS as it should
    Cell<std::uint64_t> failed_lefts{};         ///< the client has left
    Cell<std::uint64_t> heartbeat{};            ///< turns of the loop
    Cell<std::uint64_t> timeouts{};             ///< requests that passed their time
    Cell<std::uint64_t> slow_handlers{};  ///< signal handlers that passed signals.handler-time
    Cell<std::uint64_t> unstoppable{};    ///< requests and handlers that survived GreenletExit
    Cell<std::uint64_t> hub_lag{};        ///< microseconds that the newest answer to a pulse took
    Cell<std::uint64_t> hub_lag_peak{};   ///< the most that an answer ever took
    Cell<std::uint64_t> hub_blocks{};     ///< times limits.blocked-hub was passed; the master's
    Cell<std::uint64_t> sent{};       ///< bytes of heads and bodies of ended answers, also of files
    Cell<std::uint64_t> busy_time{};  ///< microseconds that the ended requests took, summed
    Cell<std::uint64_t> signals{};    ///< signal handlers that have ended
};

template <typename T>
using Plain = T;

/// How a figure is told to those who watch the server.
struct FigureInfo {
    enum class Kind { Gauge, Counter };
    enum class Unit { One, Flag, Microseconds };

    std::string_view json;    ///< its name in the status document; "": that does not have it
    std::string_view metric;  ///< its name for Prometheus, behind "geventd_worker_"
    std::string_view help;
    Kind kind = Kind::Counter;
    Unit unit = Unit::One;
};

/// Calls visit(info, value...) for each figure in the order of the status document, with the
/// values that it has in all of `figures`.
template <typename Visit, typename... Figures>
void for_each_worker_figure(Visit visit, Figures&... figures) {  // NOLINT(*-function-size)
    using Info = FigureInfo;
    constexpr auto kGauge = Info::Kind::Gauge;
    constexpr auto kCounter = Info::Kind::Counter;
    constexpr auto kMicroseconds = Info::Unit::Microseconds;
    visit(Info{"cores", "cores", "Requests that the worker can run at once.", kGauge},
          figures.cores...);
    visit(Info{"cores_busy", "cores_busy", "Requests that run.", kGauge}, figures.cores_busy...);
    visit(Info{"cores_peak", "cores_peak", "The most requests that ran at once.", kGauge},
          figures.cores_peak...);
    visit(Info{"queued", "queued", "Requests that wait for a core.", kGauge}, figures.queued...);
    visit(Info{"connections", "connections", "Open connections.", kGauge}, figures.connections...);
    visit(Info{"websockets", "websockets", "Open WebSockets.", kGauge}, figures.websockets...);
    visit(Info{"background", "background_greenlets", "Greenlets that outlived their requests.",
               kGauge},
          figures.background...);
    visit(Info{"deaf", "deaf_sockets", "Listening sockets that give errors instead of connections.",
               kGauge},
          figures.deaf...);
    visit(Info{"unsent", "unsent_bytes",
               "Bytes of answers kept for clients that have not taken them yet.", kGauge},
          figures.unsent...);
    visit(Info{"requests", "requests_total", "Requests that have ended."}, figures.requests...);
    visit(Info{"static_answers", "static_answers_total",
               "Requests that were answered with files, without the application."},
          figures.static_answers...);
    visit(Info{"transfers", "file_transfers", "Files that a thread sends to slow clients.", kGauge},
          figures.transfers...);
    visit(Info{"", "websockets_opened_total", "WebSockets that were opened."}, figures.opened...);
    visit(Info{"messages_in", "websocket_messages_received_total",
               "Messages that WebSockets have received."},
          figures.messages_in...);
    visit(Info{"messages_out", "websocket_messages_sent_total",
               "Messages that WebSockets have sent."},
          figures.messages_out...);
    visit(Info{"errors", "errors_total", "Requests whose application failed."}, figures.errors...);
    visit(Info{"rejected", "rejected_total", "Requests that were refused."}, figures.rejected...);
    visit(Info{"redirected", "redirected_total", "Requests that were redirected to https."},
          figures.redirected...);
    visit(Info{"disconnects", "disconnects_total", "Requests whose client left."},
          figures.disconnects...);
    visit(Info{"accepted", "accepted_total", "Connections that were accepted."},
          figures.accepted...);
    visit(Info{"handed_over", "handed_over_total",
               "Connections that were handed to the worker of their session."},
          figures.handed_over...);
    visit(Info{"handshakes", "tls_handshakes_total", "TLS handshakes that have succeeded."},
          figures.handshakes...);
    visit(Info{"resumed", "tls_resumed_total", "TLS handshakes that resumed a session."},
          figures.resumed...);
    visit(Info{"handshakes_failed", "tls_handshakes_failed_total",
               "TLS handshakes that have failed."},
          figures.handshakes_failed...);
    visit(Info{"failed_certificates", "tls_failed_certificates_total",
               "TLS handshakes that failed because a certificate was not accepted."},
          figures.failed_certificates...);
    visit(Info{"failed_agreements", "tls_failed_agreements_total",
               "TLS handshakes without a version, cipher or protocol in common."},
          figures.failed_agreements...);
    visit(Info{"failed_protocols", "tls_failed_protocols_total",
               "TLS handshakes whose client did not speak TLS as it should."},
          figures.failed_protocols...);
    visit(Info{"failed_lefts", "tls_failed_lefts_total", "TLS handshakes whose client left."},
          figures.failed_lefts...);
    visit(Info{"heartbeat", "loop_turns_total", "Turns of the worker's event loop."},
          figures.heartbeat...);
    visit(Info{"accepting", "accepting", "1: the application called uwsgi.accepting().", kGauge,
               Info::Unit::Flag},
          figures.accepting...);
    visit(Info{"timeouts", "timeouts_total", "Requests that exceeded their time."},
          figures.timeouts...);
    visit(Info{"slow_handlers", "slow_handlers_total", "Signal handlers that exceeded their time."},
          figures.slow_handlers...);
    visit(Info{"unstoppable", "unstoppable_total",
               "Requests and handlers that went on after GreenletExit."},
          figures.unstoppable...);
    visit(Info{"hub_lag", "hub_lag_seconds", "How late the hub answered when last asked.", kGauge,
               kMicroseconds},
          figures.hub_lag...);
    visit(Info{"hub_lag_peak", "hub_lag_peak_seconds", "The latest that the hub ever answered.",
               kGauge, kMicroseconds},
          figures.hub_lag_peak...);
    visit(Info{"hub_blocks", "hub_blocks_total",
               "How often the hub was blocked for limits.blocked-hub."},
          figures.hub_blocks...);
    visit(Info{"", "sent_bytes_total", "Bytes of the answers of ended requests."}, figures.sent...);
    visit(Info{"", "busy_seconds_total", "How long the ended requests took, summed.", kCounter,
               kMicroseconds},
          figures.busy_time...);
    visit(Info{"", "signals_total", "Signal handlers that have ended."}, figures.signals...);
}

}  // namespace geventd::shm
