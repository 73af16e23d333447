// SPDX-License-Identifier: MIT
#include "master/stacks/stack_collector.h"

#include <poll.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/master/supervise/seen_worker.h"

namespace geventd::master {
namespace {

class StackCollectorTest : public testing::Test {
  protected:
    void collect(const std::vector<StackCollector::Target>& workers) {
        const auto asked = collector.collect(
            workers, "", [this](const std::string& document) { answers.push_back(document); });
        EXPECT_TRUE(asked);
    }

    FakeWorld world;
    SeenWorker one{world, 1};
    SeenWorker two{world, 2};
    StackCollector collector{world.loop, world.clock};
    std::vector<std::string> answers;
};

TEST_F(StackCollectorTest, AnswersWhenEveryWorkerHas) {
    collect({one.stack_target(3), two.stack_target(4)});
    two.answer(memory_file("{\"greenlets\":2}"));
    world.loop.run_pending();
    EXPECT_TRUE(answers.empty());
    one.answer(memory_file("{\"greenlets\":1}"));
    world.loop.run_pending();
    ASSERT_EQ(answers.size(), 1);
    EXPECT_EQ(answers[0],
              R"({"workers":[{"worker":1,"generation":3,"pid":77,"error":null,"blocked":null,)"
              R"("found":{"greenlets":1}},{"worker":2,"generation":4,"pid":77,"error":null,)"
              R"("blocked":null,"found":{"greenlets":2}}]})");
}

TEST_F(StackCollectorTest, TellsOfAWorkerThatHasEnded) {
    collect({one.stack_target(3)});
    hear(*one.observer);  // this destroys the question, and so the channel for its answer
    world.loop.run_pending();
    ASSERT_EQ(answers.size(), 1);
    EXPECT_NE(answers[0].find("\"error\":\"it has ended"), std::string::npos) << answers[0];
    EXPECT_NE(answers[0].find("\"found\":null"), std::string::npos);
}

TEST_F(StackCollectorTest, ReadsFromNothingThatCouldBlock) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const UniqueFd writer = UniqueFd::adopt(pipe[1]);
    collect({one.stack_target(3)});
    one.answer(UniqueFd::adopt(pipe[0]));
    world.loop.run_pending();
    ASSERT_EQ(answers.size(), 1);
    EXPECT_NE(answers[0].find("cannot be read"), std::string::npos) << answers[0];
}

TEST_F(StackCollectorTest, AnswersAtOnceWhenThereIsNobodyToAsk) {
    collect({});
    EXPECT_EQ(answers, (std::vector<std::string>{R"({"workers":[]})"}));
}

TEST_F(StackCollectorTest, AnswersForAWorkerThatDoesNotWhenItsTimeIsOver) {
    collect({one.stack_target(3), two.stack_target(3)});
    one.answer(memory_file("{}"));
    pollfd ready{world.loop.backend_fd(), POLLIN, 0};
    while (answers.empty() && ::poll(&ready, 1, 10'000) > 0) {
        world.loop.run_pending();
    }
    ASSERT_EQ(answers.size(), 1);
    EXPECT_NE(answers[0].find("C code keeps its GIL"), std::string::npos) << answers[0];
    EXPECT_NE(answers[0].find("\"found\":{}"), std::string::npos);
}

TEST_F(StackCollectorTest, RefusesTheNinthWhoAsks) {
    for (int count = 0; count < 8; ++count) {
        collect({one.stack_target(3)});
    }
    EXPECT_FALSE(collector.collect({one.stack_target(3)}, "", [](const std::string&) {}));
}

}  // namespace
}  // namespace geventd::master
