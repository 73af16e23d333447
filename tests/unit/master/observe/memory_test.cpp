// SPDX-License-Identifier: MIT
#include "master/observe/memory.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

using std::chrono::hours;

Status of(pid_t worker) {
    Status status;
    status.pid = ::getpid();
    status.generations.resize(1);
    status.generations[0].workers.resize(1);
    status.generations[0].workers[0].pid = worker;
    return status;
}

TEST(ReadMemory, KnowsThisProcessAndNoOther) {
    const Memory memory = read_memory(::getpid());
    EXPECT_GT(memory.rss.value_or(0), 100'000U);
    EXPECT_GT(memory.virtual_size.value_or(0), *memory.rss);
    EXPECT_FALSE(read_memory(-1).rss);
}

TEST(MemoryGauge, AddsUpWhatTheProcessesHave) {
    MemoryGauge gauge({.fresh = hours(1), .budget = hours(1)});
    Status status = of(::getpid());
    gauge.complete(status);
    const Memory& worker = status.generations[0].workers[0].memory;
    ASSERT_TRUE(worker.pss && worker.rss);
    EXPECT_GT(*worker.pss, 0U);
    EXPECT_LE(*worker.pss, *worker.rss);
    EXPECT_EQ(status.pss, *worker.pss * 2);  // the master is the same process here
}

TEST(MemoryGauge, AProcessThatIsGoneHasNoneAndNeitherHasTheSum) {
    MemoryGauge gauge({.fresh = hours(1), .budget = hours(1)});
    Status status = of(-1);
    gauge.complete(status);
    EXPECT_FALSE(status.generations[0].workers[0].memory.rss);
    EXPECT_FALSE(status.generations[0].workers[0].memory.pss);
    EXPECT_FALSE(status.pss);
}

TEST(MemoryGauge, AsksNothingBeyondItsBudget) {
    MemoryGauge gauge({.fresh = hours(1), .budget = Duration::zero()});
    Status status = of(::getpid());
    gauge.complete(status);
    EXPECT_FALSE(status.pss);
    EXPECT_TRUE(status.generations[0].workers[0].memory.rss);
}

}  // namespace
}  // namespace geventd::master
