// SPDX-License-Identifier: MIT
// WebSockets on the loop side: a real socket, and an application without Python.
#pragma once

#include "worker/websocket/channel.h"
#include "worker_fixture.h"

namespace geventd::worker {

inline constexpr std::string_view kAsk =
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// A frame with a mask of zeros, which changes nothing.
inline std::string frame(char first, std::string_view payload) {
    std::string bytes{first, static_cast<char>(0x80 | payload.size())};
    return bytes + std::string(4, '\0') + std::string(payload);
}

inline const std::string kBye = frame('\x88', std::string_view("\x03\xe8", 2));

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

}  // namespace geventd::worker
