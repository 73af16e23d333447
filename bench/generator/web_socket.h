// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace geventd::bench {

/// A client's frame with a text of `size` letters.
std::string text_frame(std::size_t size);

/// A client's WebSocket: sends frames as they are given, counts the messages that come, and answers
/// pings.
class WebSocket {
  public:
    WebSocket() = default;
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;
    ~WebSocket();

    /// Connects to 127.0.0.1 and waits for the end of the handshake. False when it is refused.
    bool open(int epoll, int port, const std::string& path);

    /// Sends what the socket takes, and keeps the rest. False when the server has left.
    bool send(std::string_view frame);

    /// Sends what was kept.
    bool on_writable();

    /// Receives once. Returns how many messages have come to their end; -1: the server has left.
    int on_readable();

  private:
    struct Header {
        std::array<std::uint8_t, 10> bytes{};
        std::size_t have = 0;

        [[nodiscard]] std::size_t size() const;
        [[nodiscard]] std::uint64_t payload() const;
    };

    [[nodiscard]] bool shake_hands(const std::string& path) const;
    bool watch_writes(bool wanted);
    bool end_frame();

    int epoll_ = -1;
    int fd_ = -1;
    Header header_;
    std::uint64_t left_ = 0;  ///< bytes of the payload that are still to come
    bool in_payload_ = false;
    std::string kept_;
};

}  // namespace geventd::bench
