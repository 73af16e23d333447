// SPDX-License-Identifier: MIT
// Which pieces of an answer may share packets.
#include <netinet/tcp.h>

#include "worker_fixture.h"

namespace geventd::worker {
namespace {

class PiecesTest : public WorkerTest {
  protected:
    void SetUp() override {
        start();
        client = connect();
        send(client, kGet);
        turn_until([this] { return !application.started.empty(); });
        Request& request = *application.started[0];
        request.answer.head().start(request.form.version, "200 OK");
        const int on = 1;  // as the master sets it on its listeners
        ::setsockopt(exchange().client().fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    Exchange& exchange() { return *application.started[0]->exchange; }

    void send_piece() { EXPECT_EQ(exchange().send_piece("piece"), Exchange::IoState::Done); }

    // Repeats until two pieces were quick enough to be joined, however busy the machine is.
    void send_until_joined() {
        for (int i = 0; i < 10'000 && !joins(); ++i) {
            send_piece();
        }
        ASSERT_TRUE(joins());
    }

    bool joins() {
        int nodelay = 0;
        socklen_t size = sizeof nodelay;
        ::getsockopt(exchange().client().fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
        return nodelay == 0;
    }

    UniqueFd client;
};

TEST_F(PiecesTest, TheFirstLeavesForItself) {
    send_piece();
    EXPECT_FALSE(joins());
}

TEST_F(PiecesTest, LeaveForThemselvesWhenTheApplicationIsSlow) {
    send_until_joined();
    const TimePoint then = Clock::now();
    while (Clock::now() - then < std::chrono::milliseconds(1)) {
    }
    send_piece();
    EXPECT_FALSE(joins());
}

TEST_F(PiecesTest, AreSeparateAgainWhenTheHubTurns) {
    send_until_joined();
    turn_until([this] { return !joins(); });
}

TEST_F(PiecesTest, AreSeparateAgainForTheNextAnswer) {
    send_until_joined();
    Exchange& kept = exchange();
    EXPECT_EQ(kept.end_answer(), Exchange::IoState::Done);
    kept.finish(true);
    send(client, kGet);
    turn_until([this] { return application.started.size() == 2; });
    int nodelay = 0;
    socklen_t size = sizeof nodelay;
    ::getsockopt(kept.client().fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
    EXPECT_NE(nodelay, 0);
}

TEST_F(PiecesTest, OfAClosedConnectionAreForgotten) {
    send_until_joined();
    exchange().reset();
    exchange().finish(false);
    worker->turn();
    EXPECT_EQ(slot.connections.load(), 0u);
}

}  // namespace
}  // namespace geventd::worker
