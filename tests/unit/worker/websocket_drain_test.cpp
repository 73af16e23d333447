// SPDX-License-Identifier: MIT
// What WebSockets meet when their worker drains.
#include <algorithm>

#include "websocket_fixture.h"

namespace geventd::worker {
namespace {

using namespace std::chrono_literals;
using Outcome = Channel::Outcome;

TEST_F(WebSocketTest, GetsItsPingsUntilItsMomentToLeave) {
    settings.limits.websocket_ping = 100ms;
    settings.limits.websocket_pong = 100ms;
    settings.limits.drain_websockets = 60s;
    open();
    std::vector<UniqueFd> clients;
    for (std::size_t i = 1; i < 50; ++i) {  // 50 leave in one second
        clients.push_back(connect());
        send(clients.back(), kAsk);
        turn_until([&] { return application.started.size() == i + 1; });
        worker->websockets().channel_of(*application.started[i])->accept("");
        receive_until(clients.back(), "\r\n\r\n");
    }
    for (const UniqueFd& one : clients) {  // pings of before
        char byte = 0;
        while (::recv(one.get(), &byte, 1, MSG_DONTWAIT) == 1) {
        }
    }
    worker->drain(ipc::DrainReason::Replace);
    worker->clock().fall_due(Clock::now() + 110ms);
    const auto is_pinged = [](const UniqueFd& one) {
        char opcode = 0;
        return ::recv(one.get(), &opcode, 1, MSG_DONTWAIT) == 1 && opcode == '\x89';
    };
    EXPECT_GT(std::count_if(clients.begin(), clients.end(), is_pinged), 0);
    worker->websockets().end_drain();
    for (const UniqueFd& one : clients) {
        receive_until(one, "the server restarts");
    }
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
