// SPDX-License-Identifier: MIT
#include "websocket_fixture.h"

namespace geventd::worker {
namespace {

using namespace std::chrono_literals;
using Outcome = Channel::Outcome;

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

TEST_F(WebSocketTest, PingsBehindMessagesThatNobodyTakesAndEndsWhoHasLeft) {
    settings.limits.websocket_ping = 10s;
    settings.limits.websocket_pong = 5s;
    Channel& channel = open();
    receive_until(client, "\r\n\r\n");
    std::string many;
    for (int i = 0; i < 300; ++i) {
        many += frame('\x82', "m");
    }
    send(client, many + kBye);
    turn_until([this] { return request->traffic.messages_in >= 256; });
    worker->clock().fall_due(Clock::now() + 11s);
    EXPECT_EQ(receive_until(client, std::string_view("\x89\x00", 2)).size(), 2U);
    worker->clock().fall_due(Clock::now() + 22s);
    EXPECT_EQ(channel.state(), Channel::State::Open) << "a pong cannot be seen";
    ::shutdown(client.get(), SHUT_WR);
    channel.take();
    turn_until([this] { return request->traffic.messages_in >= 257; });
    worker->clock().fall_due(Clock::now() + 33s);
    EXPECT_EQ(channel.state(), Channel::State::Open) << "messages are taken";
    worker->clock().fall_due(Clock::now() + 44s);
    EXPECT_EQ(channel.state(), Channel::State::Over);
    EXPECT_EQ(channel.end().code, 1006);
    end_application();
    turn_until([this] { return slot.websockets == 0; });
}

// What the client sends before it hears of the good-bye counts.
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

}  // namespace
}  // namespace geventd::worker
