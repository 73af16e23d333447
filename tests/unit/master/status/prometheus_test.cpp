// SPDX-License-Identifier: MIT
#include "master/status/prometheus.h"

#include <chrono>
#include <set>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "master/status/status_json.h"

namespace geventd::master {
namespace {

/// A server with one worker whose figures are 1, 2, 3 and so on, in millions.
Status counting() {
    Status status;
    WorkerStatus worker;
    worker.number = 5;
    unsigned next = 0;
    shm::for_each_worker_figure(
        [&](const shm::FigureInfo&, auto& figure) { figure = ++next * 1'000'000; },
        worker.counters);
    GenerationStatus generation;
    generation.number = 7;
    generation.workers.push_back(worker);
    status.generations.push_back(generation);
    return status;
}

TEST(Prometheus, HasEveryFigureOfAWorker) {
    const std::string text = format_prometheus(counting());
    unsigned next = 0;
    const WorkerCounters none;
    shm::for_each_worker_figure(
        [&](const shm::FigureInfo& info, auto) {
            const bool in_seconds = info.unit == shm::FigureInfo::Unit::Microseconds;
            const std::string sample =
                fmt::format("geventd_worker_{}{{generation=\"7\",worker=\"5\"}} {}{}\n",
                            info.metric, ++next, in_seconds ? "" : "000000");
            EXPECT_NE(text.find(sample), std::string::npos) << sample << text;
        },
        none);
}

TEST(Prometheus, HasEveryNumberThatTheStatusHasOfAWorker) {
    const auto document =
        nlohmann::json::parse(format_status_json(counting(), std::chrono::system_clock::now()));
    std::set<std::string> known{
        "number",     "slot",    "pid", "generation", "state", "uptime",  // names it
        "rss",        "pss",      // worker_resident_bytes, worker_proportional_bytes
        "rate",       "latency",  // of requests_total and request_duration_seconds
        "hub_blocked"};           // worker_hub_blocked_seconds
    const WorkerCounters none;
    shm::for_each_worker_figure(
        [&](const shm::FigureInfo& info, auto) { known.emplace(info.json); }, none);
    for (const auto& [name, value] : document.at("workers").at(0).items()) {
        EXPECT_TRUE(known.contains(name)) << name << " belongs into shm/worker_figures.h";
    }
}

TEST(Prometheus, KeepsTheSamplesOfAFamilyTogether) {
    Status status = counting();
    status.generations[0].workers.push_back(status.generations[0].workers[0]);
    status.generations[0].workers[1].number = 6;
    EXPECT_NE(format_prometheus(status).find("geventd_worker_cores{generation=\"7\",worker=\"5\"} "
                                             "1000000\n"
                                             "geventd_worker_cores{generation=\"7\",worker=\"6\"} "
                                             "1000000\n# HELP "),
              std::string::npos);
}

}  // namespace
}  // namespace geventd::master
