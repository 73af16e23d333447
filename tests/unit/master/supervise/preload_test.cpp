// SPDX-License-Identifier: MIT
#include <utility>

#include <gtest/gtest.h>

#include "unit/master/supervise/supervisor_fixture.h"

namespace geventd::master {
namespace {

using std::chrono::minutes;

// Generations whose workers are forked from a template.
class PreloadTest : public SupervisorTest {
  protected:
    PreloadTest() { preload = config::Preload::Always; }

    ipc::Channel& newest() { return world.processes.started.back().channel; }

    // The newest template loads, and has been asked for its workers.
    void load() {
        hear(newest());
        say(newest(), ipc::MessageType::Loaded);
        settle();
    }

    // The end of the channel of the process that it is to fork next.
    ipc::Channel asked_for() { return ipc::Channel(std::move(hear(newest()).fds.at(0))); }
};

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
