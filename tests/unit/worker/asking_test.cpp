// SPDX-License-Identifier: MIT
// Requests that ask for a WebSocket which they cannot have, and what is told of them.
#include "worker/websocket/asking.h"

#include "websocket/session.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

constexpr std::string_view kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view kVersion = "Sec-WebSocket-Version: 13\r\n";
constexpr std::string_view kFields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

class AskingTest : public WorkerTest {
  protected:
    void SetUp() override {
        if (!websocket::is_built()) {
            GTEST_SKIP() << "built without WebSocket";
        }
        start();
        client = connect();
    }

    Request& ask(std::string_view line, std::string_view fields) {
        send(client, std::string(line) + "\r\nHost: h\r\n" + std::string(fields) + "\r\n");
        turn_until([this] { return !application.started.empty(); });
        return *application.started[0];
    }

    // The bits of what the log is told.
    unsigned told_of(const Request& request) {
        tell_why_not(request, worker->accounts().hints());
        return slot.hints;
    }

    static unsigned bit(Hint hint) { return static_cast<unsigned>(hint); }

    UniqueFd client;
};

std::string all(std::initializer_list<std::string_view> fields) {
    std::string text;
    for (const std::string_view field : fields) {
        text += field;
    }
    return text;
}

TEST_F(AskingTest, NamesAnOldVersionOfHttp) {
    Request& request = ask("GET /chat HTTP/1.0", all({kFields, kVersion, kKey}));
    EXPECT_TRUE(request.head.about_upgrade);
    EXPECT_FALSE(request.head.upgrade);
    EXPECT_EQ(told_of(request), bit(Hint::WebSocketHttp));
}

TEST_F(AskingTest, NamesAMissingFieldUpgrade) {
    EXPECT_EQ(told_of(ask("GET /chat HTTP/1.1", all({"Connection: close\r\n", kVersion, kKey}))),
              bit(Hint::WebSocketUpgrade));
}

TEST_F(AskingTest, NamesAConnectionThatWasReplaced) {
    EXPECT_EQ(told_of(ask("GET /chat HTTP/1.1",
                          all({"Connection: close\r\nUpgrade: websocket\r\n", kVersion, kKey}))),
              bit(Hint::WebSocketConnection));
}

TEST_F(AskingTest, NamesAKeyThatIsNone) {
    EXPECT_EQ(told_of(ask("GET /chat HTTP/1.1",
                          all({kFields, kVersion, "Sec-WebSocket-Key: short\r\n"}))),
              bit(Hint::WebSocketKey));
}

TEST_F(AskingTest, NamesAVersionThatIsNotOurs) {
    Request& request =
        ask("GET /chat HTTP/1.1", all({kFields, "Sec-WebSocket-Version: 8\r\n", kKey}));
    EXPECT_FALSE(worker->websockets().handshake_of(request)->is_our_version);
    EXPECT_EQ(told_of(request), bit(Hint::WebSocketVersion));
}

TEST_F(AskingTest, SaysNothingOfOtherRequests) {
    Request& request = ask("GET /page HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n");
    EXPECT_TRUE(request.head.about_upgrade);
    EXPECT_EQ(told_of(request), 0U);
}

TEST_F(AskingTest, SaysNothingOfAnotherMethod) {
    EXPECT_EQ(told_of(ask("HEAD /page HTTP/1.1", all({kFields, kVersion, kKey}))), 0U);
}

}  // namespace
}  // namespace geventd::worker
