// SPDX-License-Identifier: MIT
// How connections are spread over the workers of a generation.
#include "worker/serve/accept_balance.h"

#include <memory>
#include <vector>

#include "worker_fixture.h"

namespace geventd::worker {

namespace {

class AcceptBalanceTest : public WorkerTest {
  protected:
    AcceptBalanceTest() {
        scoreboard->used = 1;
        sibling.pid = 1;
        sibling.cores = 10;
        sibling.listens = 1;
        board = scoreboard.get();
    }

    void connect_clients(int count) {
        for (int i = 0; i < count; ++i) {
            clients.push_back(connect());
        }
        connected = Clock::now();
    }

    // One turn accepts a whole batch; there are fewer clients than that.
    std::uint32_t accepted() {
        worker->turn();
        return slot.connections;
    }

    // If the machine stalls for as long as a worker waits for its siblings, the other connections
    // are accepted at once, too.
    void expect_accepted(std::uint32_t count) {
        const std::uint32_t accepted_now = accepted();
        if (Clock::now() - connected < std::chrono::microseconds(500)) {
            EXPECT_EQ(accepted_now, count);
        }
    }

    std::unique_ptr<shm::Scoreboard> scoreboard = std::make_unique<shm::Scoreboard>();
    shm::WorkerSlot& sibling = scoreboard->slots[0];
    std::vector<UniqueFd> clients;
    TimePoint connected;
};

TEST_F(AcceptBalanceTest, LeavesConnectionsToASiblingThatHasFewer) {
    start();
    connect_clients(6);
    expect_accepted(3);
    expect_accepted(3);
}

TEST_F(AcceptBalanceTest, TakesItsShareWhenTheSiblingHasTakenSome) {
    start();
    connect_clients(6);
    expect_accepted(3);
    sibling.connections = 3;
    turn_until([this] { return slot.connections == 6; });
}

TEST_F(AcceptBalanceTest, TakesThemAMomentLaterWhenNobodyElseDid) {
    start();
    connect_clients(6);
    expect_accepted(3);
    turn_until([this] { return slot.connections == 6; });
}

TEST_F(AcceptBalanceTest, LeavesConnectionsToASiblingWithAFreeCore) {
    health = "/healthz";  // so that it accepts at all while it is full
    settings.workers.cores = 1;
    start();
    sibling.connections = 9;
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([this] { return !application.started.empty(); });
    connect_clients(1);
    expect_accepted(1);
    turn_until([this] { return slot.connections == 2; });
}

TEST_F(AcceptBalanceTest, TakesAtOnceAsManyAsItHasCoresFor) {
    settings.workers.cores = 2;
    start();
    sibling.connections = 9;
    connect_clients(4);
    expect_accepted(2);
    turn_until([this] { return slot.connections == 4; });
}

TEST_F(AcceptBalanceTest, WaitsForNoSiblingThatCannotTakeThem) {
    sibling.cores_busy = 10;
    start();
    connect_clients(6);
    EXPECT_EQ(accepted(), 6);
}

TEST_F(AcceptBalanceTest, WaitsForNoWorkerOfAnotherGeneration) {
    sibling.generation = 7;
    start();
    connect_clients(6);
    EXPECT_EQ(accepted(), 6);
}

TEST_F(AcceptBalanceTest, WaitsForNoSiblingThatDrains) {
    sibling.listens = 0;
    start();
    connect_clients(6);
    EXPECT_EQ(accepted(), 6);
}

TEST_F(AcceptBalanceTest, GoesOnAsSoonAsItHasACoreAgain) {
    health = "/healthz";
    settings.workers.cores = 1;
    start();
    sibling.connections = 9;
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([this] { return !application.started.empty(); });
    connect_clients(1);
    expect_accepted(1);
    answer(*application.started[0], "ok");
    const std::uint32_t accepted_now = accepted();
    if (Clock::now() - connected < std::chrono::milliseconds(20)) {
        EXPECT_EQ(accepted_now, 2);
    }
}

TEST_F(AcceptBalanceTest, WaitsForNoBlockedSibling) {
    sibling.hub_blocked = 1;
    start();
    connect_clients(6);
    EXPECT_EQ(accepted(), 6);
}

}  // namespace

}  // namespace geventd::worker
