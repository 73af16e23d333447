// SPDX-License-Identifier: MIT
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

TEST_F(WorkerTest, ClosesAConnectionWhoseHeadDoesNotComeInTime) {
    settings.limits.header_timeout = std::chrono::milliseconds(30);
    start();
    const UniqueFd client = connect();
    send(client, "GET / HT");
    EXPECT_EQ(receive_until(client, "").substr(0, 12), "HTTP/1.1 408");
}

TEST_F(WorkerTest, ClosesAKeptConnectionThatStaysIdle) {
    settings.limits.keep_alive = std::chrono::milliseconds(30);
    application.on_start = [](Request& request) { answer(request, "ok"); };
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    receive_until(client, "ok");
    turn_until([&] { return slot.connections.load() == 0; });
    EXPECT_TRUE(at_end(client));
}

TEST_F(WorkerTest, AbortsWithAResetSoThatTheClientNotices) {
    application.on_start = [](Request& request) { request.exchange->finish(false); };
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    turn_until([&] { return slot.requests.load() == 1; });
    char byte = 0;
    EXPECT_LT(::recv(client.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(WorkerTest, StoppingClosesIdleConnectionsAndFinishesTheOthers) {
    start();
    const UniqueFd idle = connect();
    send(idle, kGet);
    turn_until([&] { return !application.started.empty(); });
    answer(*application.started[0], "ok");
    receive_until(idle, "ok");
    application.started.clear();
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([&] { return slot.connections.load() == 2 && !application.started.empty(); });
    worker->drain(ipc::DrainReason::Stop);
    turn_until([&] { return slot.connections.load() == 1; });
    EXPECT_TRUE(at_end(idle));
    EXPECT_FALSE(worker->drained());
    answer(*application.started[0], "last");
    EXPECT_NE(receive_until(busy, "last").find("Connection: close\r\n"), std::string::npos);
    ::shutdown(busy.get(), SHUT_WR);
    turn_until([&] { return worker->drained(); });
}

TEST_F(WorkerTest, TellsOnceThatItBeginsToDrain) {
    start();
    int times = 0;
    worker->on_drain([&] { ++times; });
    worker->drain(ipc::DrainReason::Replace);
    worker->drain(ipc::DrainReason::Stop);
    EXPECT_EQ(times, 1);
}

TEST_F(WorkerTest, StoppingServesWhatWaitsInTheKernelsQueueAlsoWithoutAFreeCore) {
    settings.workers.cores = 1;
    start();
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([&] { return !application.started.empty(); });
    const UniqueFd waits = connect();
    send(waits, kGet);
    worker->drain(ipc::DrainReason::Stop);
    answer(*application.started[0], "first");
    turn_until([&] { return application.started.size() == 2; });
    answer(*application.started[1], "second");
    EXPECT_NE(receive_until(waits, "second").find("Connection: close\r\n"), std::string::npos);
    const UniqueFd late = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_LT(::connect(late.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_), 0);
    EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_F(WorkerTest, ReplacedItLeavesTheKernelsQueueToOthers) {
    settings.workers.cores = 1;
    start();
    const UniqueFd busy = connect();
    send(busy, kGet);
    turn_until([&] { return !application.started.empty(); });
    const UniqueFd waits = connect();
    worker->drain(ipc::DrainReason::Replace);
    EXPECT_EQ(slot.accepted.load(), 1u);
}

TEST_F(WorkerTest, ReplacedItStillAnswersOnKeptConnections) {
    application.on_start = [](Request& request) { answer(request, "ok"); };
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    receive_until(client, "ok");
    worker->drain(ipc::DrainReason::Replace);
    worker->turn();
    EXPECT_FALSE(worker->drained());
    send(client, kGet);
    receive_until(client, "ok");
    ::shutdown(client.get(), SHUT_WR);
    turn_until([&] { return worker->drained(); });
}

TEST_F(WorkerTest, StoppingItStillAnswersTheFirstRequestOfAConnection) {
    application.on_start = [](Request& request) { answer(request, "ok"); };
    start();
    const UniqueFd client = connect();
    turn_until([&] { return slot.connections.load() == 1; });
    worker->drain(ipc::DrainReason::Stop);
    worker->turn();
    send(client, kGet);
    receive_until(client, "ok");
}

TEST_F(WorkerTest, DrainsNoLongerThanItMay) {
    settings.limits.drain_requests = std::chrono::milliseconds(30);
    start();
    const UniqueFd client = connect();
    send(client, kGet);
    turn_until([&] { return !application.started.empty(); });
    worker->drain(ipc::DrainReason::Stop);
    turn_until([&] { return worker->drained(); });
    ASSERT_EQ(worker->connections().running().size(), 1u);
    EXPECT_EQ(worker->connections().running()[0].get(), application.started[0].get());
}

}  // namespace
}  // namespace geventd::worker
