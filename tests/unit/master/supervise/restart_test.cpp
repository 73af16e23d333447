// SPDX-License-Identifier: MIT
// Reloads in which the old workers end before the new generation starts.
#include <unistd.h>

#include <utility>

#include <gtest/gtest.h>

#include "unit/master/supervise/supervisor_fixture.h"

namespace geventd::master {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class RestartTest : public SupervisorTest {
  protected:
    RestartTest() { reload.strategy = config::ReloadStrategy::Restart; }

    ipc::Channel& channel(std::size_t index) { return world.processes.started.at(index).channel; }

    // Generation 1 serves with a template, process 0, and one worker that it has forked.
    ipc::Channel serve_with_template() {
        preload = config::Preload::Always;
        begin(1);
        hear(channel(0));
        say(channel(0), ipc::MessageType::Loaded);
        settle();
        ipc::Channel worker(std::move(hear(channel(0)).fds.at(0)));
        say(worker, ipc::MessageType::Hello);
        say(channel(0), ipc::MessageType::Forked);
        spare_ = hear(channel(0));
        EXPECT_EQ(spare_.type, ipc::MessageType::ForkSpare);
        say(worker, ipc::MessageType::Ready);
        const auto outcome = settle();
        EXPECT_TRUE(outcome && outcome->serves);
        return worker;
    }

    // The test's own process plays the forked worker.
    void forked_worker_leaves() {
        supervisor.on_exit(exited(::getpid(), ExitCode::Ok));
        settle();
    }

    ipc::Message spare_;  // its channel is open as long as the spare lives
};

TEST_F(RestartTest, StartsTheNewWorkersWhenTheOldOnesHaveEnded) {
    begin_and_serve(2);
    begin(2);
    EXPECT_EQ(supervisor.serving(), nullptr) << "without a template it cannot come back";
    for (const std::size_t old : {0U, 1U}) {
        const ipc::Message order = heard_by(old);
        EXPECT_EQ(order.type, ipc::MessageType::Drain);
        EXPECT_EQ(order.value, static_cast<std::uint32_t>(ipc::DrainReason::Refresh));
    }
    leave(0);
    settle();
    EXPECT_EQ(started(), 2U);
    world.processes.time += seconds(3);
    leave(1);
    settle();
    ASSERT_EQ(started(), 4U);
    get_ready(2);
    get_ready(3);
    const auto outcome = settle();
    ASSERT_TRUE(outcome && outcome->serves);
    ASSERT_TRUE(outcome->gap);
    EXPECT_EQ(*outcome->gap, seconds(3));
}

TEST_F(RestartTest, TheFirstGenerationWaitsForNobody) {
    begin_and_serve(2);
    EXPECT_EQ(started(), 2U);
}

TEST_F(RestartTest, DoesNotWaitForeverForAProcessThatCannotBeKilled) {
    begin_and_serve(1);
    begin(1);
    world.processes.time += minutes(2);
    settle();
    EXPECT_TRUE(was_killed(0));
    EXPECT_EQ(started(), 2U);
}

TEST_F(RestartTest, CanBeGivenUpWhileItWaits) {
    begin_and_serve(1);
    begin(1);
    supervisor.give_up("a newer reload");
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    leave(0);
    settle();
    EXPECT_EQ(started(), 1U);
}

TEST_F(RestartTest, KeepsTheTemplateWhileTheNewCodeIsLoaded) {
    const ipc::Channel worker = serve_with_template();
    begin(1);
    EXPECT_EQ(started(), 1U);
    ASSERT_NE(supervisor.serving(), nullptr);
    EXPECT_EQ(supervisor.serving()->strength().most(), 1);
    forked_worker_leaves();
    EXPECT_EQ(started(), 2U);
    EXPECT_FALSE(was_killed(0));
    EXPECT_EQ(supervisor.serving()->number(), 1U);
}

TEST_F(RestartTest, ForksTheOldWorkersAgainWhenTheNewCodeFails) {
    const ipc::Channel worker = serve_with_template();
    begin(1);
    forked_worker_leaves();
    ASSERT_EQ(started(), 2U);
    hear(channel(1));
    say(channel(1), ipc::MessageType::Failed, "ImportError: test");
    leave(1, ExitCode::ApplicationFailed);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    settle();
    ipc::Message order = hear(channel(0));
    ASSERT_EQ(order.type, ipc::MessageType::Fork);
    EXPECT_FALSE(supervisor.serving()->is_complete());
    ipc::Channel again(std::move(order.fds.at(0)));
    say(again, ipc::MessageType::Hello);
    say(again, ipc::MessageType::Ready);
    settle();
    settle();
    EXPECT_TRUE(supervisor.serving()->is_complete());
}

TEST_F(RestartTest, DoesNotLoadTheOldCodeAgainWhenItsTemplatesAreLost) {
    const ipc::Channel worker = serve_with_template();
    begin(1);
    forked_worker_leaves();
    ASSERT_EQ(started(), 2U);
    spare_.fds.clear();  // the spare dies, then the template
    die(0);
    settle();
    world.processes.time += minutes(1);
    settle();
    EXPECT_EQ(started(), 2U) << "what the disk holds by now is other code";
    say(channel(1), ipc::MessageType::Failed, "ImportError: test");
    leave(1, ExitCode::ApplicationFailed);
    const auto outcome = settle();
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(outcome->serves);
    EXPECT_EQ(supervisor.serving(), nullptr);
}

TEST_F(RestartTest, EndsTheTemplateTooWithoutRollback) {
    reload.rollback = false;
    const ipc::Channel worker = serve_with_template();
    begin(1);
    EXPECT_EQ(supervisor.serving(), nullptr);
    forked_worker_leaves();
    EXPECT_EQ(started(), 1U) << "the old template may hold the lock";
    leave(0);
    settle();
    EXPECT_EQ(started(), 2U);
}

}  // namespace
}  // namespace geventd::master
