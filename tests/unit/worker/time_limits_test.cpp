// SPDX-License-Identifier: MIT
#include <cerrno>

#include "worker_fixture.h"

namespace geventd::worker {
namespace {

using namespace std::chrono_literals;

class TimeLimitsTest : public WorkerTest {
  protected:
    void start_with(config::Milliseconds request_time) {
        settings.limits.request_time = request_time;
        application.on_start = [this](Request& request) {
            request.runner = as_greenlet(&greenlet);
        };
        start();
        worker->time_limits().set_mercy(30ms);
    }

    UniqueFd ask() {
        UniqueFd client = connect();
        send(client, kGet);
        return client;
    }

    void turn_until_interrupted(std::size_t times) {
        turn_until([&] { return application.interruptions.size() >= times; });
    }

    int greenlet = 0;  ///< stands for a greenlet
};

TEST_F(TimeLimitsTest, InterruptsARequestWhoseTimeIsOver) {
    start_with(30ms);
    const UniqueFd client = ask();
    turn_until_interrupted(1);
    EXPECT_EQ(application.interruptions[0].first, as_greenlet(&greenlet));
    EXPECT_EQ(application.interruptions[0].second, Interruption::Timeout);
    EXPECT_EQ(slot.timeouts.load(), 1);
}

TEST_F(TimeLimitsTest, LeavesARequestAloneThatHasEnded) {
    settings.limits.request_time = 30ms;
    application.on_start = [](Request& request) { answer(request, "ok"); };
    start();
    const UniqueFd client = ask();
    receive_until(client, "ok");
    EXPECT_FALSE(application.started[0]->limit.pending());
}

TEST_F(TimeLimitsTest, MayEndTheRequestInTheMiddleOfTheInterruption) {
    application.on_interrupt = [this] { answer(*application.started[0], "late"); };
    start_with(30ms);
    const UniqueFd client = ask();
    receive_until(client, "late");
    EXPECT_EQ(application.started[0]->limit.stage(), TimeLimit::Stage::Running);
    EXPECT_FALSE(application.started[0]->limit.pending());
}

TEST_F(TimeLimitsTest, PressesHarderAndGivesTheConnectionUp) {
    std::vector<ipc::Due> asked;
    start_with(30ms);
    worker->successor().ask_by([&](ipc::Due due) { asked.push_back(due); });
    const UniqueFd client = ask();
    turn_until_interrupted(2);
    EXPECT_EQ(application.interruptions[1].second, Interruption::Exit);
    EXPECT_TRUE(asked.empty());
    turn_until([&] { return !asked.empty(); });
    EXPECT_EQ(asked, std::vector{ipc::Due::Unstoppable});
    EXPECT_EQ(slot.unstoppable.load(), 1);
    char byte = 0;
    EXPECT_LT(::recv(client.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNRESET);
    EXPECT_EQ(slot.cores_busy.load(), 1) << "it runs on";
    worker->drain(ipc::DrainReason::Replace);
    EXPECT_TRUE(worker->drained()) << "nobody waits for it";
    application.started[0]->exchange->finish(false);
    EXPECT_EQ(slot.cores_busy.load(), 0);
}

TEST_F(TimeLimitsTest, AnswersARequestThatWaitedForACoreAllItsTime) {
    settings.workers.cores = 1;
    start_with(30ms);
    const UniqueFd kept = connect();
    turn_until([&] { return slot.connections.load() == 1; });
    const UniqueFd first = ask();
    turn_until([&] { return !application.started.empty(); });
    send(kept, kGet);
    EXPECT_EQ(receive_until(kept, "").substr(0, 12), "HTTP/1.1 504");
    EXPECT_EQ(slot.queued.load(), 0);
    EXPECT_EQ(application.started.size(), 1);
}

TEST_F(TimeLimitsTest, BlamesTheClientForABodyThatDoesNotCome) {
    start_with(30ms);
    const UniqueFd client = connect();
    send(client, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_EQ(receive_until(client, "").substr(0, 12), "HTTP/1.1 408");
    EXPECT_EQ(slot.timeouts.load(), 0);
}

TEST_F(TimeLimitsTest, MayBeReplacedForOneRequest) {
    start_with(1h);
    const UniqueFd client = ask();
    turn_until([&] { return !application.started.empty(); });
    worker->time_limits().replace(application.started[0]->limit, 30ms);
    turn_until_interrupted(1);
    worker->time_limits().replace(application.started[0]->limit, 0ms);
    EXPECT_TRUE(application.started[0]->limit.pending()) << "what is over stays over";
}

TEST_F(TimeLimitsTest, CanBeTakenFromOneRequest) {
    start_with(1h);
    const UniqueFd client = ask();
    turn_until([&] { return !application.started.empty(); });
    worker->time_limits().replace(application.started[0]->limit, 0ms);
    EXPECT_FALSE(application.started[0]->limit.pending());
    worker->time_limits().tighten(application.started[0]->limit, 0ms);
    EXPECT_TRUE(application.started[0]->limit.pending()) << "back to limits.request-time";
}

TEST_F(TimeLimitsTest, CannotBeExtendedByTightening) {
    start_with(50ms);
    const UniqueFd client = ask();
    turn_until([&] { return !application.started.empty(); });
    worker->time_limits().tighten(application.started[0]->limit, 1h);
    turn_until_interrupted(1);
}

TEST_F(TimeLimitsTest, FallDueInOrderHoweverTheyWereSet) {
    start_with(1h);
    const UniqueFd first = ask();
    const UniqueFd second = ask();
    turn_until([&] { return application.started.size() == 2; });
    application.started[1]->runner = as_greenlet(&worker);
    worker->time_limits().replace(application.started[0]->limit, 2h);
    worker->time_limits().replace(application.started[1]->limit, 20ms);
    turn_until_interrupted(1);
    EXPECT_EQ(application.interruptions[0].first, as_greenlet(&worker));
}

}  // namespace
}  // namespace geventd::worker
