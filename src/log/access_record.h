// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace geventd::log {

/// Looks up variables that only the request's owner knows: `${var.NAME}` (environ or uwsgi
/// variable) and `${logvar.NAME}` (set by the application). "" when there is none; the view is
/// valid during the call to format_line().
class AccessLookup {
  public:
    virtual ~AccessLookup() = default;
    [[nodiscard]] virtual std::string_view var(std::string_view name) const = 0;
    [[nodiscard]] virtual std::string_view logvar(std::string_view name) const = 0;
};

/// The data of one finished request for the access log: plain values, filled by the worker.
/// Texts are raw bytes of the request; the template escapes them. Durations are in microseconds.
struct AccessRecord {
    std::string_view method;
    std::string_view uri;   ///< the request target as sent
    std::string_view path;  ///< decoded
    std::string_view query;
    std::string_view protocol = "HTTP/1.1";
    std::string_view scheme;
    std::string_view host;
    std::string_view user;    ///< REMOTE_USER
    std::string_view addr;    ///< REMOTE_ADDR: of the connection
    std::string_view client;  ///< the client's address according to trusted proxies; "": `addr`
    std::string_view user_agent;
    std::string_view referer;
    std::string_view request_id;

    int status = 0;
    std::uint64_t body_bytes = 0;  ///< of the response
    std::uint64_t head_bytes = 0;  ///< of the response
    unsigned response_headers = 0;
    std::uint64_t content_length = 0;  ///< of the request
    unsigned vars = 0;                 ///< environ variables of the request
    std::uint64_t request_bytes = 0;   ///< head or vars block

    std::int64_t start = 0;  ///< microseconds since the epoch
    std::int64_t duration = 0;
    std::int64_t time_to_first_byte = 0;
    std::int64_t queue_time = 0;
    std::int64_t cpu = 0;  ///< of the request's greenlet

    int pid = 0;
    int worker = 0;
    int app = 0;
    unsigned core = 0;
    unsigned switches = 0;
    std::uint64_t worker_requests = 0;
    std::uint64_t all_requests = 0;
    unsigned write_errors = 0;
    unsigned read_errors = 0;
    unsigned modifier1 = 0;
    unsigned modifier2 = 0;
    std::uint64_t rss = 0;
    std::uint64_t vsz = 0;
    bool client_gone = false;
    std::uint64_t messages_in = 0;  ///< of a WebSocket, like these
    std::uint64_t messages_out = 0;
    std::uint64_t bytes_in = 0;

    const AccessLookup* lookup = nullptr;
};

}  // namespace geventd::log
