// SPDX-License-Identifier: MIT
// WebSockets on the loop side: a real socket, and an application without Python.
#include "worker/websocket/channel.h"
#include "worker_fixture.h"

namespace geventd::worker {
namespace {

using namespace std::chrono_literals;
using Outcome = Channel::Outcome;

constexpr std::string_view kAsk =
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// A frame with a mask of zeros, which changes nothing.
std::string frame(char first, std::string_view payload) {
    std::string bytes{first, static_cast<char>(0x80 | payload.size())};
    return bytes + std::string(4, '\0') + std::string(payload);
}

const std::string kBye = frame('\x88', std::string_view("\x03\xe8", 2));

class WebSocketTest : public WorkerTest {
  protected:
    void SetUp() override {
        if (!websocket::is_built()) {
            GTEST_SKIP() << "built without WebSocket";
        }
    }

    // One that the client asks for, on a fresh worker with the settings.
    Channel& ask(std::string_view behind = "") {
        start();
        client = connect();
        send(client, std::string(kAsk) + std::string(behind));
        turn_until([this] { return !application.started.empty(); });
        request = application.started[0];
        return *worker->websockets().channel_of(*request);
    }

    // A WebSocket that is open.
    Channel& open(std::string_view behind = "") {
        Channel& channel = ask(behind);
        EXPECT_TRUE(channel.accept(""));
        return channel;
    }

    // One on which a library speaks, which has answered the handshake.
    RawSocket& open_raw() {
        ask();
        RawSocket& raw = *worker->websockets().raw_of(*request);
        EXPECT_EQ(raw.send("HTTP/1.1 101 Switching Protocols\r\n\r\n"), RawSocket::Outcome::Done);
        return raw;
    }

    void expect_alive() { EXPECT_EQ(worker->connections().neglect(), ""); }

    void end_application() { request->upgraded->application_ended(true); }

    UniqueFd client;
    RequestRef request;
};

TEST_F(WebSocketTest, HoldsNoCoreAndNoTime) {
    settings.workers.cores = 1;
    settings.limits.request_time = 1ms;
    settings.limits.write_timeout = 1ms;
    Channel& channel = open();
    EXPECT_EQ(slot.cores_busy, 0U);
    EXPECT_EQ(slot.websockets, 1U);
    const UniqueFd other = connect();
    send(other, kGet);
    turn_until([this] { return application.started.size() == 2; });
    answer(*application.started[1], "beside it");
    receive_until(other, "beside it");
    EXPECT_TRUE(application.interruptions.empty());
    EXPECT_EQ(channel.state(), Channel::State::Open);
    expect_alive();
}

TEST_F(WebSocketTest, TakesWhatCameBehindTheHandshake) {
    Channel& channel = open(frame('\x81', "early"));
    ASSERT_TRUE(channel.has_message());
    EXPECT_EQ(channel.take().data, "early");
    const std::string head = receive_until(client, "\r\n\r\n");
    EXPECT_NE(head.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
              std::string::npos);
}

TEST_F(WebSocketTest, ResumesTheReaderForAMessage) {
    Channel& channel = open();
    channel.reader.greenlet = as_greenlet(this);
    send(client, frame('\x81', "hello"));
    turn_until([this] { return application.resumed == 1; });
    EXPECT_EQ(channel.take().data, "hello");
    EXPECT_EQ(channel.send(true, "to you"), Outcome::Done);
    receive_until(client, "\x81\x06to you");
    EXPECT_EQ(request->traffic.messages_in, 1U);
    EXPECT_EQ(request->traffic.messages_out, 1U);
}

TEST_F(WebSocketTest, AnswersPingsThatNobodyReads) {
    open();
    send(client, frame('\x89', "p"));
    receive_until(client, "\x8a\x01p");
    expect_alive();
}

TEST_F(WebSocketTest, EndsWithItsClientsClosingFrame) {
    Channel& channel = open();
    channel.reader.greenlet = as_greenlet(this);
    send(client, kBye);
    turn_until([this] { return application.resumed == 1; });
    EXPECT_TRUE(channel.is_closed());
    EXPECT_EQ(channel.end().code, 1000);
    EXPECT_EQ(channel.send(true, "too late"), Outcome::Closed);
    end_application();
    turn_until([this] { return slot.websockets == 0; });
    receive_until(client, "");
}

TEST_F(WebSocketTest, SaysGoodByeWhenTheApplicationIsThrough) {
    Channel& channel = open();
    end_application();
    receive_until(client, std::string_view("\x88\x02\x03\xe8", 4));
    EXPECT_EQ(channel.state(), Channel::State::Closing);
    expect_alive();
    send(client, kBye);
    receive_until(client, "");
    EXPECT_EQ(slot.websockets, 0U);
}

TEST_F(WebSocketTest, DoesNotWaitForEverForTheAnswer) {
    open();
    end_application();
    receive_until(client, std::string_view("\x88\x02\x03\xe8", 4));
    worker->clock().fall_due(Clock::now() + 6s);
    receive_until(client, "");
    EXPECT_EQ(slot.websockets, 0U);
}

// The time for its answer begins when the client has got everything before.
TEST_F(WebSocketTest, DeliversALongMessageBeforeItsGoodBye) {
    Channel& channel = open();
    receive_until(client, "\r\n\r\n");
    const std::string message(8 << 20, 'm');
    ASSERT_EQ(channel.send(false, message), Outcome::Done);
    end_application();
    for (int seconds = 6; seconds <= 30; seconds += 6) {
        worker->clock().fall_due(Clock::now() + std::chrono::seconds(seconds));
        ASSERT_EQ(slot.websockets, 1U);
    }
    const std::string got = receive_until(client, std::string_view("\x88\x02\x03\xe8", 4));
    EXPECT_GT(got.size(), message.size());
    worker->clock().fall_due(Clock::now() + 36s);
    receive_until(client, "");
    EXPECT_EQ(slot.websockets, 0U);
}

TEST_F(WebSocketTest, AwaitsTheAnswerToTheGoodByeOfALibrary) {
    RawSocket& raw = open_raw();
    const std::string_view bye("\x88\x02\x03\xe9", 4);
    EXPECT_EQ(raw.send(bye), RawSocket::Outcome::Done);
    end_application();
    receive_until(client, bye);
    EXPECT_EQ(slot.websockets, 1U);
    expect_alive();
    send(client, kBye);
    EXPECT_EQ(receive_until(client, ""), "") << "it is said once";
    EXPECT_EQ(slot.websockets, 0U);
}

TEST_F(WebSocketTest, DoesNotWaitForEverForTheAnswerToALibraryEither) {
    open_raw();
    end_application();
    receive_until(client, std::string_view("\x88\x02\x03\xe8", 4));
    EXPECT_EQ(slot.websockets, 1U);
    expect_alive();
    worker->clock().fall_due(Clock::now() + 6s);
    receive_until(client, "");
    EXPECT_EQ(slot.websockets, 0U);
}

TEST_F(WebSocketTest, TellsOfAFailure) {
    open();
    request->upgraded->application_ended(false);
    receive_until(client, std::string_view("\x88\x02\x03\xf3", 4));
}

TEST_F(WebSocketTest, EndsWhoDoesNotAnswerAPing) {
    settings.limits.websocket_ping = 10s;
    settings.limits.websocket_pong = 5s;
    Channel& channel = open();
    channel.reader.greenlet = as_greenlet(this);
    worker->clock().fall_due(Clock::now() + 11s);
    receive_until(client, std::string_view("\x89\x00", 2));
    worker->clock().fall_due(Clock::now() + 17s);
    turn_until([this] { return application.resumed == 1; });
    EXPECT_EQ(channel.end().code, 1006);
    end_application();
    turn_until([this] { return slot.websockets == 0; });
}

TEST_F(WebSocketTest, KeepsWhoAnswersAPing) {
    settings.limits.websocket_ping = 10s;
    settings.limits.websocket_pong = 5s;
    Channel& channel = open();
    worker->clock().fall_due(Clock::now() + 11s);
    receive_until(client, std::string_view("\x89\x00", 2));
    send(client, frame('\x8a', ""));
    turn_until([this] { return request->traffic.bytes_in > 0; });
    worker->clock().fall_due(Clock::now() + 17s);
    EXPECT_EQ(channel.state(), Channel::State::Open);
}

TEST_F(WebSocketTest, LetsASenderWaitForASlowClient) {
    Channel& channel = open();
    const std::string message(8 << 20, 'm');
    ASSERT_EQ(channel.send(false, message), Outcome::Done);
    ASSERT_EQ(channel.send(false, message), Outcome::Wait);
    channel.senders().push_back({as_greenlet(this)});
    expect_alive();
    std::size_t got = 0;
    turn_until([&] {
        char buffer[1 << 16];
        ssize_t count = 0;
        while ((count = ::recv(client.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
            got += static_cast<std::size_t>(count);
        }
        return application.resumed == 1;
    });
    EXPECT_GT(got, message.size());
    EXPECT_EQ(channel.send(true, "the next"), Outcome::Done);
}

TEST_F(WebSocketTest, EndsAClientThatTakesNothing) {
    settings.limits.websocket_write = 5s;
    Channel& channel = open();
    channel.send(false, std::string(8 << 20, 'm'));
    channel.reader.greenlet = as_greenlet(this);
    worker->clock().fall_due(Clock::now() + 6s);
    turn_until([this] { return application.resumed == 1; });
    EXPECT_EQ(channel.state(), Channel::State::Over);
}

TEST_F(WebSocketTest, StopsReadingWhatNobodyTakes) {
    settings.limits.websocket_message = 1000;
    Channel& channel = open();
    std::string many;
    for (int i = 0; i < 100; ++i) {
        many += frame('\x82', std::string(100, 'm'));
    }
    std::size_t sent = 0;
    for (int quiet = 0; quiet < 3;) {  // until the kernel's buffers are full, too
        const ssize_t count =
            ::send(client.get(), many.data(), many.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        quiet = count > 0 ? 0 : quiet + 1;
        sent += count > 0 ? static_cast<std::size_t>(count) : 0;
        worker->turn();
    }
    EXPECT_LT(request->traffic.bytes_in, 300'000U);
    EXPECT_GT(sent, request->traffic.bytes_in);
    expect_alive();
    const std::uint64_t before = request->traffic.bytes_in;
    for (channel.look_for_message(); channel.has_message(); channel.look_for_message()) {
        channel.take();
    }
    turn_until([&] { return request->traffic.bytes_in > before; });
}

TEST_F(WebSocketTest, LeavesWhenTheWorkerIsReplaced) {
    settings.limits.drain_websockets = 10s;
    Channel& channel = open();
    channel.reader.greenlet = as_greenlet(this);
    worker->drain(ipc::DrainReason::Replace);
    EXPECT_FALSE(worker->drained());
    worker->clock().fall_due(Clock::now() + 100ms);
    receive_until(client, std::string_view("\x03\xf4the server restarts", 20));
    send(client, kBye);
    turn_until([this] { return application.resumed == 1; });
    receive_until(client, "");
    EXPECT_FALSE(worker->drained()) << "the greenlet may still be at work";
    end_application();
    turn_until([this] { return worker->drained(); });
}

// What the client sends before it hears of the good-bye counts.
TEST_F(WebSocketTest, ReceivesUntilTheClientSaysGoodByeToo) {
    settings.limits.drain_websockets = 10s;
    Channel& channel = open();
    send(client, frame('\x81', "before"));
    turn_until([&] { return channel.has_message(); });
    worker->drain(ipc::DrainReason::Replace);
    worker->clock().fall_due(Clock::now() + 100ms);
    receive_until(client, "the server restarts");
    EXPECT_EQ(channel.send(true, "too late"), Outcome::Closed);
    EXPECT_FALSE(channel.has_received_all());
    send(client, frame('\x81', "meanwhile"));
    EXPECT_EQ(channel.take().data, "before");
    channel.look_for_message();
    turn_until([&] { return channel.has_message(); });
    EXPECT_EQ(channel.take().data, "meanwhile");
    channel.look_for_message();
    channel.reader.greenlet = as_greenlet(this);
    send(client, kBye);
    turn_until([this] { return application.resumed == 1; });
    EXPECT_TRUE(channel.has_received_all());
    EXPECT_EQ(channel.end().code, 1000);
}

TEST_F(WebSocketTest, HearsTheClientBehindMessagesThatNobodyTakes) {
    settings.limits.drain_websockets = 10s;
    open();
    std::string many;
    for (int i = 0; i < 300; ++i) {
        many += frame('\x82', "m");
    }
    send(client, many);
    turn_until([this] { return request->traffic.messages_in >= 256; });
    worker->drain(ipc::DrainReason::Replace);
    worker->clock().fall_due(Clock::now() + 100ms);
    receive_until(client, "the server restarts");
    end_application();
    send(client, kBye);
    receive_until(client, "");
    EXPECT_EQ(slot.websockets, 0U);
}

TEST_F(WebSocketTest, DoesNotWaitForEverForAClientThatTakesNothing) {
    settings.limits.websocket_write = 0ms;
    Channel& channel = open();
    ASSERT_EQ(channel.send(false, std::string(8 << 20, 'm')), Outcome::Done);
    end_application();
    for (int seconds = 6; seconds <= 90; seconds += 6) {
        worker->clock().fall_due(Clock::now() + std::chrono::seconds(seconds));
    }
    turn_until([this] { return slot.websockets == 0; });
}

TEST_F(WebSocketTest, DropsWhatTheApplicationHasClosedBefore) {
    Channel& channel = open();
    send(client, frame('\x81', "nobody wants this"));
    turn_until([&] { return channel.has_message(); });
    channel.close(1000, "");
    EXPECT_FALSE(channel.has_message());
    EXPECT_TRUE(channel.has_received_all());
}

TEST_F(WebSocketTest, DoesNotOfferCompressionThatIsOff) {
    settings.limits.websocket_compress = 0;
    start();
    client = connect();
    std::string ask(kAsk);
    ask.insert(ask.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    send(client, ask);
    turn_until([this] { return !application.started.empty(); });
    request = application.started[0];
    ASSERT_TRUE(worker->websockets().channel_of(*request)->accept(""));
    EXPECT_EQ(receive_until(client, "\r\n\r\n").find("permessage"), std::string::npos);
}

TEST_F(WebSocketTest, IsToldEvenWhenTheLoopWasHeldUpForAllOfItsTime) {
    settings.limits.drain_websockets = 10s;
    open();
    worker->drain(ipc::DrainReason::Replace);
    worker->clock().fall_due(Clock::now() + 11s);
    receive_until(client, std::string_view("\x03\xf4the server restarts", 20));
    EXPECT_TRUE(worker->drained());
}

TEST_F(WebSocketTest, IsToldWhenThereIsNoTimeAtAll) {
    settings.limits.drain_requests = 0ms;
    open();
    worker->drain(ipc::DrainReason::Stop);
    receive_until(client, std::string_view("\x03\xe9the server stops", 18));
    EXPECT_TRUE(worker->drained());
}

TEST_F(WebSocketTest, IsNotWaitedForLongerThanItsTime) {
    settings.limits.drain_websockets = 10s;
    open();
    worker->drain(ipc::DrainReason::Stop);
    worker->clock().fall_due(Clock::now() + 9s);
    receive_until(client, std::string_view("\x03\xe9the server stops", 18));
    EXPECT_FALSE(worker->drained());
    worker->clock().fall_due(Clock::now() + 11s);
    EXPECT_TRUE(worker->drained());
}

}  // namespace
}  // namespace geventd::worker
