// SPDX-License-Identifier: MIT
#include "master/control/status_json.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

constexpr std::chrono::system_clock::time_point kNow{std::chrono::seconds(1'800'000'000)};

StatusSurroundings surroundings() {
    return {kNow, [](pid_t pid) { return std::optional<std::uint64_t>(pid == 43 ? 4096 : 0); }};
}

Status example() {
    Status status;
    status.version = "0.1.0";
    status.pid = 42;
    status.uptime = std::chrono::milliseconds(12'345);
    status.started = kNow - std::chrono::seconds(12);
    status.config = "server.yaml";
    status.addresses = {"http://127.0.0.1:8000"};
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
    generation.workers.push_back(worker);
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
    const auto text = format_status_json(example(), surroundings());
    EXPECT_EQ(text.find(R"({"version":"0.1.0","pid":42,"state":"running",)"
                        R"("started":"2027-01-15T07:59:48Z","uptime":12.345,)"
                        R"("config":"server.yaml","listen":["http://127.0.0.1:8000"],)"),
              0U)
        << text;
}

TEST(StatusJson, CountsTheWorkersOfAGeneration) {
    const auto text = format_status_json(example(), surroundings());
    EXPECT_TRUE(contains(
        text, R"({"number":2,"state":"serving","workers":2,"workers_ready":1,)"
              R"("workers_wanted":2,"workers_most":3,"template_pid":40,"spare_pid":null,)"))
        << text;
}

TEST(StatusJson, TellsOfEachWorker) {
    const auto text = format_status_json(example(), surroundings());
    EXPECT_TRUE(contains(text, R"({"number":1,"slot":5,"pid":43,"generation":2,"state":"ready",)"
                               R"("uptime":0.0,"rss":4096,"cores":100,"cores_busy":3,)"))
        << text;
    EXPECT_TRUE(contains(text, R"("requests":1000000000000,)")) << text;
    EXPECT_TRUE(contains(text, R"("number":2,"slot":5,"pid":null,)")) << text;
    EXPECT_TRUE(contains(text, R"("rss":null,)")) << text;
}

TEST(StatusJson, TellsHowTheLastReloadWent) {
    Status status = example();
    EXPECT_TRUE(
        contains(format_status_json(status, surroundings()),
                 R"("reload":{"result":"none","count":0,"at":null,"age":null,"error":""})"));
    status.reload.outcome = ReloadStatus::Outcome::Failed;
    status.reload.count = 3;
    status.reload.reason = "line 1\nline \"2\"\xff";
    status.reload.at = kNow - std::chrono::seconds(90);
    EXPECT_TRUE(contains(format_status_json(status, surroundings()),
                         R"("reload":{"result":"failed","count":3,"at":"2027-01-15T07:58:30Z",)"
                         R"("age":90.0,"error":"line 1\nline \"2\")"
                         "\xef\xbf\xbd\"}"))
        << format_status_json(status, surroundings());
}

TEST(ReadRss, KnowsThisProcessAndNoOther) {
    EXPECT_GT(read_rss(::getpid()).value_or(0), 100'000U);
    EXPECT_FALSE(read_rss(-1));
}

}  // namespace
}  // namespace geventd::master
