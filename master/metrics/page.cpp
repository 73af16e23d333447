// SPDX-License-Identifier: MIT
#include "master/metrics/page.h"

#include <fmt/core.h>

#include "master/control/status_json.h"
#include "master/metrics/prometheus.h"

namespace geventd::master {

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

Page ready_page(const PageSource& source) {
    const std::string why = why_not_ready(source.status(), source.saturation());
    return why.empty() ? Page{.body = "ready\n"} : Page{.status = 503, .body = why + "\n"};
}

}  // namespace

std::string why_not_ready(const Status& status, int saturation) {
    if (status.stopping) {
        return "the server stops";
    }
    if (status.paused) {
        return "the server is paused";
    }
    std::uint32_t workers = 0;
    std::uint64_t cores = 0;
    std::uint64_t busy = 0;
    for (const GenerationStatus& generation : status.generations) {
        for (const WorkerStatus& worker : generation.workers) {
            if (worker.state == "ready") {
                ++workers;
                cores += worker.counters.cores;
                busy += worker.counters.cores_busy;
            }
        }
    }
    if (workers == 0) {
        return "no worker is ready";
    }
    if (saturation > 0 && busy * 100 >= cores * static_cast<std::uint64_t>(saturation)) {
        return fmt::format("saturated: {} of {} cores are busy", busy, cores);
    }
    return "";
}

Page make_page(std::string_view path, const PageSource& source) {
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
        return {.type = kJson,
                .body = format_status_json(source.full_status(), std::chrono::system_clock::now()) +
                        "\n"};
    }
    return {.status = 404, .body = "There are: /metrics, /status.json, /healthz, /readyz\n"};
}

}  // namespace geventd::master
