// SPDX-License-Identifier: MIT
// listen.health: the loop itself answers, whatever the cores do.
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

constexpr std::string_view kCheck = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";

class HealthTest : public WorkerTest {
  protected:
    HealthTest() {
        health = "/healthz";
        settings.workers.cores = 1;
    }

    std::string ask(std::string_view bytes) {
        const UniqueFd client = connect();
        send(client, bytes);
        return receive_until(client, "\r\n\r\n");
    }

    // All cores are busy with what the client asks.
    void fill(const UniqueFd& client) {
        send(client, kGet);
        turn_until([&] { return application.started.size() == 1; });
    }

    // A client that has sent the beginning of a health check when the worker drains.
    std::string ask_while_draining(ipc::DrainReason reason) {
        const UniqueFd client = connect();
        send(client, kCheck.substr(0, 5));
        turn_until([&] { return slot.connections.load() == 1; });
        worker->drain(reason);
        send(client, kCheck.substr(5));
        return receive_until(client, "\r\n\r\n");
    }
};

TEST_F(HealthTest, IsAnsweredWithoutTheApplication) {
    start();
    const std::string answer = ask(kCheck);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("alive\n")) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(application.started.empty());
    EXPECT_EQ(slot.requests.load(), 0u);
    EXPECT_EQ(slot.cores_peak.load(), 0u);
}

TEST_F(HealthTest, IsAnsweredWithoutABodyToHead) {
    start();
    const std::string answer = ask("HEAD /healthz?deep=1 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("Content-Length: 6\r\n\r\n")) << answer;
}

TEST_F(HealthTest, IsTheApplicationsWithAnyOtherMethodOrPath) {
    application.on_start = [](Request& request) { answer(request, "one"); };
    start();
    for (const char* line : {"POST /healthz", "GET /healthz/", "GET /Healthz", "GET /"}) {
        const UniqueFd client = connect();
        send(client, std::string(line) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
        EXPECT_NE(receive_until(client, "one"), "") << line;
    }
    EXPECT_EQ(application.started.size(), 4u);
}

TEST_F(HealthTest, IsAnsweredWhileAllCoresAreBusy) {
    start();
    const UniqueFd busy = connect();
    fill(busy);
    const UniqueFd waiting = connect();
    send(waiting, kGet);
    EXPECT_TRUE(ask(kCheck).starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(application.started.size(), 1u) << "the other one waits for the core";
    answer(*application.started[0], "first");
    turn_until([&] { return application.started.size() == 2; });
}

TEST_F(HealthTest, LeavesConnectionsToTheKernelElse) {
    health.clear();
    start();
    const UniqueFd busy = connect();
    fill(busy);
    const UniqueFd waiting = connect();
    send(waiting, kCheck);
    worker->turn();
    EXPECT_EQ(slot.connections.load(), 1u);
}

TEST_F(HealthTest, EndsWhenTheServerStops) {
    start();
    EXPECT_TRUE(ask_while_draining(ipc::DrainReason::Stop).starts_with("HTTP/1.1 503 "));
}

TEST_F(HealthTest, GoesOnWhileAnotherWorkerTakesOver) {
    start();
    EXPECT_TRUE(ask_while_draining(ipc::DrainReason::Replace).starts_with("HTTP/1.1 200 OK\r\n"));
}

}  // namespace
}  // namespace geventd::worker
