// SPDX-License-Identifier: MIT
#include "master/status/readiness.h"

#include <gtest/gtest.h>

#include "master/status/prometheus.h"

namespace geventd::master {
namespace {

WorkerStatus worker(std::uint32_t busy, std::string_view state = "ready") {
    WorkerStatus worker;
    worker.state = state;
    worker.counters.cores = 10;
    worker.counters.cores_busy = busy;
    return worker;
}

Status serving(std::vector<WorkerStatus> workers) {
    Status status;
    GenerationStatus& generation = status.generations.emplace_back();
    generation.state = "serving";
    generation.workers = std::move(workers);
    return status;
}

TEST(CoreUse, CountsTheWorkersThatAreReady) {
    const Status status = serving({worker(5), worker(0), worker(9, "draining")});
    EXPECT_EQ(CoreUse::of(status).cores, 20U);
    EXPECT_EQ(CoreUse::of(status).busy, 5U);
    EXPECT_EQ(CoreUse::of(status).ratio(), 0.25);
    EXPECT_EQ(CoreUse::of({}).ratio(), 1);
}

TEST(CoreUse, LeavesOutWhoAcceptsNothingYet) {
    Status status = serving({worker(5)});
    GenerationStatus& next = status.generations.emplace_back();
    next.state = "booting";
    next.workers = {worker(0)};
    EXPECT_EQ(CoreUse::of(status).cores, 10U);
    status.generations.erase(status.generations.begin());
    EXPECT_EQ(why_not_ready(status, 0), "no worker is ready");
}

TEST(CoreUse, IsAMetric) {
    EXPECT_NE(format_prometheus(serving({worker(5), worker(0)}))
                  .find("\ngeventd_cores_busy_ratio "
                        "0.25\n"),
              std::string::npos);
}

TEST(Agent, TellsThePartOfTheCoresThatIsFree) {
    EXPECT_EQ(format_agent(serving({worker(0)}), 0), "up 100%\n");
    EXPECT_EQ(format_agent(serving({worker(5), worker(2)}), 0), "up 65%\n");
}

TEST(Agent, LeavesAFullServerInService) {
    EXPECT_EQ(format_agent(serving({worker(10)}), 0), "up 1%\n");
    EXPECT_EQ(format_agent(serving({worker(11)}), 0), "up 1%\n") << "figures may be torn";
}

TEST(Agent, DrainsAServerThatIsNotReady) {
    EXPECT_EQ(format_agent({}, 0), "up 0%\n");
    Status stopping = serving({worker(0)});
    stopping.stopping = true;
    EXPECT_EQ(format_agent(stopping, 0), "up 0%\n");
    Status paused = serving({worker(0)});
    paused.paused = true;
    EXPECT_EQ(format_agent(paused, 0), "up 0%\n");
    EXPECT_EQ(format_agent(serving({worker(9)}), 90), "up 0%\n") << "saturated";
}

}  // namespace
}  // namespace geventd::master
