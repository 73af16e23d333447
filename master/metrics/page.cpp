// SPDX-License-Identifier: MIT
#include "master/metrics/page.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "master/metrics/live_page.h"
#include "master/status/prometheus.h"
#include "master/status/readiness.h"
#include "master/status/requests_json.h"
#include "master/status/status_json.h"
#include "master/status/websockets_json.h"

namespace geventd::master {

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

// The page loads nothing and contacts no other server, whatever a text in it may contain.
constexpr std::string_view kPagePolicy =
    "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src "
    "'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
    "'none'\r\nReferrer-Policy: no-referrer\r\n";

// What the query gives for `name`, as it is written there; empty when it gives nothing.
std::string_view text_in(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
            return pair.substr(name.size() + 1);
        }
    }
    return "";
}

// The number that the query gives for `name`, or `otherwise`.
std::uint64_t number_in(std::string_view query, std::string_view name, std::uint64_t otherwise) {
    const std::string_view text = text_in(query, name);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? number : otherwise;
}

Page json_page(std::string document) {
    return {.type = kJson, .body = std::move(document) + "\n"};
}

Page ready_page(const PageSource& source) {
    const std::string why = why_not_ready(source.status(), source.saturation());
    return why.empty() ? Page{.body = "ready\n"} : Page{.status = 503, .body = why + "\n"};
}

}  // namespace

Page make_page(std::string_view path, std::string_view query, const PageSource& source) {
    if (path == "/") {
        return {.type = "text/html; charset=utf-8",
                .body = std::string(kLivePage),
                .headers = kPagePolicy};
    }
    if (path == "/healthz") {
        return {.body = "alive\n"};
    }
    if (path == "/readyz") {
        return ready_page(source);
    }
    if (path == "/metrics") {
        return {.type = kPrometheus, .body = format_prometheus(source.full_status())};
    }
    if (path == "/status.json") {
        return json_page(
            format_status_json(source.full_status(), std::chrono::system_clock::now()));
    }
    if (path == "/history.json") {
        return json_page(format_history_json(source.history(), number_in(query, "since", 0)));
    }
    if (path == "/requests.json") {
        const auto most = std::min<std::uint64_t>(number_in(query, "most", 100), kMostRequests);
        return json_page(format_requests_json(source.requests(), most));
    }
    if (path == "/websockets.json") {
        const auto most = std::min<std::uint64_t>(number_in(query, "most", 100), kMostWebSockets);
        return json_page(format_websockets_json(source.websockets(), most));
    }
    if (path == "/stacks.json") {
        return {.type = kJson,
                .later = [of = std::string(text_in(query, "of")), &source](Page::Done done) {
                    return source.stacks(of, std::move(done));
                }};
    }
    return {.status = 404,
            .body =
                "There are: / (for people), /metrics, /status.json, /history.json?since=N, "
                "/requests.json?most=N, /websockets.json?most=N, /stacks.json?of=NAME, /healthz, "
                "/readyz\n"};
}

}  // namespace geventd::master
