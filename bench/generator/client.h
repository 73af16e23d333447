// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace geventd::bench {

using Clock = std::chrono::steady_clock;

/// One client: a connection that is opened when it is needed and asks one thing at a time.
class Client {
  public:
    enum class Progress { Waiting, Answered, Failed };

    /// `closes`: the server ends the connection behind each answer.
    Client(int epoll, int port, bool closes) : epoll_(epoll), port_(port), closes_(closes) {}

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Sends it; `due` is when it should have been sent, which its latency counts from.
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
