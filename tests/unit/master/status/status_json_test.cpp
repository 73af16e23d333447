// SPDX-License-Identifier: MIT
#include "master/status/status_json.h"

#include <deque>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

constexpr std::chrono::system_clock::time_point kNow{std::chrono::seconds(1'800'000'000)};

Status example() {
    Status status;
    status.version = "0.1.0";
    status.pid = 42;
    status.uptime = std::chrono::milliseconds(12'345);
    status.started = kNow - std::chrono::seconds(12);
    status.config = "server.yaml";
    status.listeners = {{"http://127.0.0.1:8000", 3, 1024, 2}};
    status.traffic.rate = 12.345;
    status.traffic.latency = {1500, 2'000'000, 0};
    GenerationStatus generation;
    generation.number = 2;
    generation.state = "serving";
    generation.template_pid = 40;
    generation.workers_wanted = 2;
    generation.workers_most = 3;
    WorkerStatus worker;
    worker.number = 1;
    worker.slot = 5;
    worker.pid = 43;
    worker.state = "ready";
    worker.counters.cores = 100;
    worker.counters.cores_busy = 3;
    worker.counters.requests = 1'000'000'000'000;
    worker.memory = {1 << 20, 4096, 2048};
    generation.workers.push_back(worker);
    worker.memory = {};
    worker.number = 2;
    worker.pid = 0;
    worker.state = "starting";
    generation.workers.push_back(worker);
    status.generations.push_back(generation);
    return status;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(StatusJson, TellsOfTheServer) {
    const auto text = format_status_json(example(), kNow);
    EXPECT_EQ(text.find(R"({"version":"0.1.0","pid":42,"state":"running",)"
                        R"("started":"2027-01-15T07:59:48Z","uptime":12.345,)"
                        R"("config":"server.yaml","listen":["http://127.0.0.1:8000"],)"
                        R"("queues":[{"address":"http://127.0.0.1:8000","waiting":3,"most":1024,)"
                        R"("dropped":2,"down":false}],)"
                        R"("traffic":{"rate":12.35,"errors":0.0,"latency":)"
                        R"({"p50":0.0015,"p95":2.0,"p99":null}},"pss":null,)"),
              0U)
        << text;
}

TEST(StatusJson, CountsTheWorkersOfAGeneration) {
    const auto text = format_status_json(example(), kNow);
    EXPECT_TRUE(contains(text, R"({"number":2,"state":"serving","workers":2,"workers_ready":1,)"
                               R"("workers_wanted":2,"workers_most":3,"preload":false,)"
                               R"("connections":null,"template_pid":40,"spare_pid":null,)"))
        << text;
}

TEST(StatusJson, TellsOfEachWorker) {
    const auto text = format_status_json(example(), kNow);
    EXPECT_TRUE(contains(text, R"({"number":1,"slot":5,"pid":43,"generation":2,"state":"ready",)"
                               R"("uptime":0.0,"rss":4096,"pss":2048,"cores":100,"cores_busy":3,)"))
        << text;
    EXPECT_TRUE(contains(text, R"("requests":1000000000000,"rate":0.0,)")) << text;
    EXPECT_TRUE(contains(text, R"("number":2,"slot":5,"pid":null,)")) << text;
    EXPECT_TRUE(contains(text, R"("rss":null,"pss":null,)")) << text;
}

TEST(StatusJson, TellsHowTheLastReloadWent) {
    Status status = example();
    EXPECT_TRUE(
        contains(format_status_json(status, kNow),
                 R"("reload":{"result":"none","count":0,"at":null,"age":null,"error":""})"));
    status.reload.outcome = ReloadStatus::Outcome::Failed;
    status.reload.count = 3;
    status.reload.reason = "line 1\nline \"2\"\xff";
    status.reload.at = kNow - std::chrono::seconds(90);
    EXPECT_TRUE(contains(format_status_json(status, kNow),
                         R"("reload":{"result":"failed","count":3,"at":"2027-01-15T07:58:30Z",)"
                         R"("age":90.0,"error":"line 1\nline \"2\")"
                         "\xef\xbf\xbd\"}"))
        << format_status_json(status, kNow);
}

TEST(StatusJson, TellsOfFailuresAndOfEarlierReloads) {
    Status status = example();
    status.failures = {{kNow, 2, 3, "GET /x", "id", "KeyError: 'x'", "app.py:7"}};
    status.reloads = {{ReloadStatus::Outcome::Done, 2, "", kNow - std::chrono::seconds(5)}};
    const std::string text = format_status_json(status, kNow);
    EXPECT_TRUE(contains(text, R"("failures":[{"at":"2027-01-15T08:00:00Z","worker":2,)"
                               R"("generation":3,"request":"GET /x","id":"id",)"
                               R"("error":"KeyError: 'x'","where":"app.py:7"}])"))
        << text;
    EXPECT_TRUE(contains(text, R"("reloads":[{"result":"done","count":2,)")) << text;
}

TEST(HistoryJson, HasThePointsBehindAnOrdinal) {
    std::deque<HistoryPoint> history(3);
    for (std::size_t index = 0; index < history.size(); ++index) {
        history[index].ordinal = index + 7;
        history[index].at = kNow;
        history[index].span = std::chrono::milliseconds(500);
        history[index].requests = 10;
        history[index].latency.p99 = 1'000;
    }
    const std::string text = format_history_json(history, 8);
    EXPECT_EQ(text.find(R"({"points":[{"ordinal":9,"at":"2027-01-15T08:00:00Z","rate":20.0,)"), 0U)
        << text;
    EXPECT_TRUE(contains(text, R"("latency":{"p50":null,"p95":null,"p99":0.001},)")) << text;
    EXPECT_EQ(format_history_json(history, 9), R"({"points":[]})");
}

}  // namespace
}  // namespace geventd::master
