// SPDX-License-Identifier: MIT
#include <csignal>
#include <utility>

#include <gtest/gtest.h>

#include "unit/master/supervise/supervisor_fixture.h"

namespace geventd::master {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Generations whose workers are forked from a template.
class PreloadTest : public SupervisorTest {
  protected:
    PreloadTest() { preload = config::Preload::Always; }

    ipc::Channel& newest() { return world.processes.started.back().channel; }

    // Makes the newest template report Loaded, and discards the requests for workers.
    void load() {
        hear(newest());
        say(newest(), ipc::MessageType::Loaded);
        settle();
    }

    // The process' end of the channel, from the template's next request to fork.
    ipc::Channel asked_for() { return ipc::Channel(std::move(hear(newest()).fds.at(0))); }
};

TEST_F(PreloadTest, FailsWhenThreeTemplatesHaveDiedAtTheirForks) {
    begin(2);
    for (std::size_t at = 0; at < 2; ++at) {
        load();
        die(at, SIGSEGV);
        ASSERT_FALSE(settle());
        world.processes.time += seconds(1);
        settle();
    }
    load();
    die(2, SIGSEGV);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    EXPECT_EQ(outcome->failure,
              "the workers cannot start: the template (pid 1002) died: killed by SIGSEGV, a crash "
              "in native code");
}

TEST_F(PreloadTest, MakesRoomWhenItsTemplatesDieAfterAForkOrTwo) {
    begin(2);
    for (std::size_t at = 0; at < 3; ++at) {
        EXPECT_FALSE(supervisor.is_slow());
        load();
        say(newest(), ipc::MessageType::Forked);
        settle();
        die(at, SIGSEGV);
        ASSERT_FALSE(settle());
        if (at < 2) {
            world.processes.time += seconds(1);
            settle();
        }
    }
    EXPECT_TRUE(supervisor.is_slow());
}

TEST_F(PreloadTest, FailsWhenSigkillDoesNotEndAnImport) {
    begin(1);
    world.processes.time += minutes(5);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_NE(outcome->failure.find("(limits.load-time) and was killed"), std::string::npos)
        << outcome->failure;
    EXPECT_FALSE(supervisor.is_busy());
    EXPECT_EQ(started(), 1U);
    EXPECT_FALSE(supervisor.empty());
    die(0);
    settle();
    EXPECT_TRUE(supervisor.empty());
}

TEST_F(PreloadTest, GivesAForkedWorkerTheWholeTimeToLoad) {
    begin(1);
    load();
    ipc::Channel worker = asked_for();
    say(worker, ipc::MessageType::Hello);
    say(newest(), ipc::MessageType::Forked);
    settle();
    ipc::Channel spare = asked_for();
    say(spare, ipc::MessageType::Hello);
    say(newest(), ipc::MessageType::Forked);
    settle();
    world.processes.time += minutes(4);
    settle();
    EXPECT_TRUE(world.processes.killed.empty());
    say(worker, ipc::MessageType::Ready);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->serves);
}

}  // namespace
}  // namespace geventd::master
