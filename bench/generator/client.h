// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace geventd::bench {

using Clock = std::chrono::steady_clock;

/// One client: opens a connection when it needs one, and sends one request at a time.
class Client {
  public:
    enum class Progress { Waiting, Answered, Failed };

    /// `closes`: the server closes the connection after each response.
    Client(int epoll, int port, bool closes) : epoll_(epoll), port_(port), closes_(closes) {}

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Sends the request; its latency counts from `due`, when it should have been sent.
    Progress ask(std::string_view request, Clock::time_point due, bool is_slow);

    Progress on_readable();

    [[nodiscard]] bool busy() const { return busy_; }

    [[nodiscard]] bool is_slow() const { return is_slow_; }

    [[nodiscard]] Clock::time_point due() const { return due_; }

  private:
    bool open();
    void close();
    Progress end(Progress progress);
    [[nodiscard]] bool whole() const;

    int epoll_, port_;
    bool closes_;
    int fd_ = -1;
    bool busy_ = false;
    bool is_slow_ = false;
    Clock::time_point due_;
    std::string answer_;
};

}  // namespace geventd::bench
