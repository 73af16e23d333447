// SPDX-License-Identifier: MIT
// The keys below `limits`.
#include "config/describe.h"
#include "config/describe_words.h"
#include "config/values.h"

namespace geventd::config {

namespace {

using namespace std::chrono_literals;

// Why the text is no entry of websocket-origins; "": it is one.
std::string origin_fault(const std::string& text) {
    const std::size_t scheme = text.find("://");
    std::string host = scheme == std::string::npos ? text : text.substr(scheme + 3);
    const bool below = scheme == std::string::npos && host.starts_with("*.");
    host.erase(0, below ? 2 : 0);
    const bool is_any = text == "*" || text == "null";
    const bool is_host = !host.empty() && host.find_first_of(" \t/\\*?#@,") == std::string::npos;
    return is_any || is_host
               ? ""
               : "expected https://example.org, example.org or *.example.org, not '" + text + "'";
}

void describe_requests(Visitor& v, Limits& s) {
    v.key("request-head", Size(s.request_head, kKiB, 16 * kMiB), kGeneration,
          "Request line and header fields together: a longer line is answered with 414, longer "
          "fields with 431. The target, with its query, may be as long as that.");
    v.key("header-fields", Integer(s.header_fields, 1, 10'000), kGeneration,
          "The header fields of a request; more are answered with 431. A uwsgi packet may have "
          "800 variables of the web server besides.");
    v.key("request-body", Size(s.request_body, 0, 1024 * kGiB), kGeneration,
          "A request's body; more is answered with 413. 0: no limit.");
    v.key("request-time", Time(s.request_time, 0ms, 30 * kDay), kGeneration,
          "The time a request may take, from its complete head to the end of its answer. Then "
          "geventd.RequestTimeout is raised in its greenlet and the client gets a 504; other "
          "requests are not affected. geventd.set_timeout() changes it for one request. 0: no "
          "limit.");
}

void describe_hub(Visitor& v, Limits& s) {
    v.key("blocked-hub", Time(s.blocked_hub, 0ms, kDay), kGeneration,
          "A hub that has not turned for this long is reported with the Python stack that blocks "
          "it. 0: never.");
    v.key("kill-blocked-hub", Time(s.kill_blocked_hub, 0ms, kDay), kGeneration,
          "A worker whose hub has not turned for this long is killed as soon as its successor is "
          "ready. 0: never.");
}

void describe_clients(Visitor& v, Limits& s) {
    v.key("header-timeout", Time(s.header_timeout, 0ms, kDay), kGeneration,
          "The time a client has for the whole head of a request. 0: no limit.");
    v.key("body-timeout", Time(s.body_timeout, 0ms, kDay), kGeneration,
          "The longest pause between two pieces of a request's body; the whole time for a body of "
          "at most 64KiB. 0: no limit.");
    v.key("body-rate", Size(s.body_rate, 0, kGiB), kGeneration,
          "The fewest bytes a second of a request's body, on average over the time in which the "
          "client is waited for, from the sixth second on. 0: any number.");
    v.key("queue-time", Time(s.queue_time, 0ms, kDay), kGeneration,
          "With workers.when-full: reject, how long a request may wait for a core.");
    v.key("keep-alive", Time(s.keep_alive, 0ms, kDay), kGeneration,
          "How long a connection stays open between two requests. 0: no limit.");
    v.key("write-timeout", Time(s.write_timeout, 0ms, kDay), kGeneration,
          "The longest time for which a client may receive nothing of its answer. 0: no limit.");
    v.key("write-rate", Size(s.write_rate, 0, kGiB), kGeneration,
          "The fewest bytes a second of an answer, on average over the time in which the client is "
          "waited for, from the sixth second on. 0: any number.");
    v.key(
        "unsent", Size(s.unsent, 0, 1024 * kGiB), kGeneration,
        "How many bytes of answers each worker keeps for slow clients, so that their requests "
        "have ended and cores are free. Beyond that a request waits for its client. 0: each does.");
    v.key("connections", Integer(s.connections, 1, 1'000'000), kGeneration,
          "Open client connections of each worker.");
}

void describe_websockets(Visitor& v, Limits& s) {
    v.key("websockets", Integer(s.websockets, 1, 1'000'000), kGeneration,
          "Open WebSockets of each worker, which hold no core and do not count as connections; "
          "a request for one more is answered with 503.");
    v.key("websocket-origins", TextList(s.websocket_origins, "a list of origins", &origin_fault),
          kGeneration,
          "From which pages browsers may open WebSockets: origins (\"https://example.org\"), hosts "
          "(\"example.org\"), or all hosts below a name (\"*.example.org\"). Others are answered "
          "with 403. Empty: any, and the application decides.");
    v.key("websocket-message", Size(s.websocket_message, 0, 1024 * kGiB), kGeneration,
          "A message that a WebSocket receives, all its fragments together and expanded if it was "
          "compressed; after a longer one the connection ends with 1009. 0: no limit.");
    v.key("websocket-compress", Size(s.websocket_compress, 0, 256 * kKiB), kGeneration,
          "Messages of at least so many bytes, and at most 256 KiB, are sent compressed to clients "
          "that offer permessage-deflate. 0: none, and clients do not compress theirs.");
    v.key("websocket-ping", Time(s.websocket_ping, 0ms, kDay), kGeneration,
          "How often the client of a WebSocket gets a ping. 0: never.");
    v.key("websocket-pong", Time(s.websocket_pong, 0ms, kDay), kGeneration,
          "A client from which nothing has come for this long after a ping is gone: its WebSocket "
          "ends. 0: pings need no answer.");
    v.key("websocket-write", Time(s.websocket_write, 0ms, kDay), kGeneration,
          "The longest time for which the client of a WebSocket may receive nothing of what is "
          "sent to it. 0: no limit.");
}

void describe_processes(Visitor& v, Limits& s) {
    v.key(
        "drain-delay", Time(s.drain_delay, 0ms, kDay), kNow,
        "How long a server that is told to stop serves on, with 503 at /readyz, so that balancers "
        "choose others before it refuses connections.");
    v.key("drain-requests", Time(s.drain_requests, 0ms, kDay), kGeneration,
          "The time that running requests are given when their worker stops or is replaced.");
    v.key("drain-websockets", Time(s.drain_websockets, 0ms, kDay), kGeneration,
          "The time in which the WebSockets of a worker that stops (code 1001) or is replaced "
          "(1012) are closed, one after the other, so that their clients do not all come back at "
          "once: 50 a second, or more if there are too many. It begins together with "
          "limits.drain-requests. 0: as long as that. A worker that is replaced keeps its sticky "
          "sessions as long; then their last requests have limits.drain-requests.");
    v.key("drain-background", Time(s.drain_background, 0ms, kDay), kGeneration,
          "The time that background greenlets are given after the last request.");
    v.key("load-time", Time(s.load_time, 0ms, kDay), kGeneration,
          "The time that a process has to load the application, and that any worker has to get "
          "ready. Then it is killed. 0: no limit.");
    v.key("slow-load", Time(s.slow_load, 0ms, kDay), kGeneration,
          "A process that takes longer to load the application, or a worker to get ready, is "
          "reported with its Python stack, and again each time the duration has doubled. From the "
          "first report on, a newer reload or an upgrade takes its place at once. 0: never.");
    v.key("fork-time", Time(s.fork_time, 0ms, kDay), kGeneration,
          "A template (the process from which workers are forked) that has not answered a request "
          "for this long is reported with its Python stack and replaced by its spare, or by a new "
          "one that loads the application again. 0: never.");
}

}  // namespace

void describe(Visitor& v, Limits& s) {
    describe_requests(v, s);
    describe_hub(v, s);
    describe_clients(v, s);
    describe_websockets(v, s);
    describe_processes(v, s);
}

}  // namespace geventd::config
