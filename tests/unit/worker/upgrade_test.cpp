// SPDX-License-Identifier: MIT
// An exchange that becomes a stream, as WebSocket needs it.
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

using IoState = Exchange::IoState;

std::string read_all(Exchange& exchange, IoState& state) {
    std::string bytes;
    char buffer[16];
    std::size_t got = 1;
    state = IoState::Done;
    while (state == IoState::Done && got > 0) {
        state = exchange.read_body(buffer, sizeof buffer, got);
        bytes.append(buffer, state == IoState::Done ? got : 0);
    }
    return bytes;
}

class UpgradeTest : public WorkerTest {
  protected:
    Request& ask(std::string_view head) {
        start();
        client = connect();
        send(client, head);
        turn_until([this] { return !application.started.empty(); });
        Request& request = *application.started[0];
        request.answer.head().start(request.form.version, "101 Switching Protocols");
        return request;
    }

    UniqueFd client;
};

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

TEST_F(UpgradeTest, CarriesBytesBothWaysUntilTheClientEndsThem) {
    settings.limits.body_timeout = std::chrono::milliseconds(1);  // does not apply to the stream
    Request& request = ask(std::string(kUpgrade) + "early");
    Exchange& exchange = *request.exchange;
    ASSERT_EQ(exchange.upgrade("echo"), IoState::Done);
    IoState state = IoState::Done;
    EXPECT_EQ(read_all(exchange, state), "early");
    ASSERT_EQ(state, IoState::Wait);
    request.reader.greenlet = as_greenlet(this);
    exchange.await_readable();
    EXPECT_EQ(worker->connections().neglect(), "");
    EXPECT_EQ(exchange.send_piece("no answer any more"), IoState::Done);
    EXPECT_EQ(exchange.send_bytes("to you"), IoState::Done);
    const std::string answer = receive_until(client, "to you");
    EXPECT_EQ(answer.substr(0, 34), "HTTP/1.1 101 Switching Protocols\r\n");
    EXPECT_NE(answer.find("\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nto you"),
              std::string::npos);
    send(client, "to me");
    turn_until([&] { return application.resumed == 1; });
    EXPECT_EQ(read_all(exchange, state), "to me");
    ASSERT_EQ(state, IoState::Wait);
    request.reader.greenlet = as_greenlet(this);
    exchange.await_readable();
    ::shutdown(client.get(), SHUT_WR);
    turn_until([&] { return application.resumed == 2; });
    EXPECT_EQ(read_all(exchange, state), "");
    EXPECT_EQ(state, IoState::Done) << "the stream has ended, the client can still be sent to";
    EXPECT_EQ(exchange.send_bytes("bye"), IoState::Done);
    exchange.finish(true);
    EXPECT_EQ(receive_until(client, ""), "bye");
}

TEST_F(UpgradeTest, IsNothingForAClientOfHttp10) {
    Request& request = ask("GET /chat HTTP/1.0\r\nUpgrade: echo\r\n\r\n");
    EXPECT_EQ(request.exchange->upgrade("echo"), IoState::Failed);
    answer(request, "without");
    EXPECT_NE(receive_until(client, "without").find("200 OK"), std::string::npos);
}

TEST_F(UpgradeTest, WaitsForTheWholeBody) {
    constexpr std::string_view kHead =
        "POST /chat HTTP/1.1\r\nHost: h\r\nUpgrade: echo\r\nContent-Length: 100000\r\n\r\n";
    Request& request = ask(std::string(kHead) + std::string(64 << 10, 'b'));
    EXPECT_EQ(request.exchange->upgrade("echo"), IoState::Failed);
}

}  // namespace
}  // namespace geventd::worker
