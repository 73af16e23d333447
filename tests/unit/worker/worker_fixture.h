// SPDX-License-Identifier: MIT
// The loop side without Python: real sockets, a real loop, and an application made of lambdas.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "net/listening.h"
#include "worker/requests/exchange.h"
#include "worker/serve/worker.h"

namespace geventd::worker {

// Any object of a test can stand for a greenlet, because the loop side never looks into one.
inline Greenlet* as_greenlet(void* object) {
    return static_cast<Greenlet*>(object);
}

class FakeApplication : public Application {
  public:
    void start(Request& request) noexcept override {
        started.emplace_back(request);
        if (on_start) {
            on_start(request);
        }
    }

    void cancel(Request& request) noexcept override { cancelled.emplace_back(request); }

    void resume(Waiter& waiter) noexcept override {
        waiter = {};
        ++resumed;
    }

    void interrupt(Greenlet* greenlet, Interruption interruption) noexcept override {
        interruptions.emplace_back(greenlet, interruption);
        if (on_interrupt) {
            on_interrupt();
        }
    }

    std::string stack_of(Greenlet*) noexcept override { return "the stack"; }

    std::function<void(Request&)> on_start;
    std::function<void()> on_interrupt;
    std::vector<std::pair<Greenlet*, Interruption>> interruptions;
    std::vector<RequestRef> started;
    std::vector<RequestRef> cancelled;
    int resumed = 0;
};

// Sends a whole answer, as an application does. The caller keeps the text until it is sent.
inline Exchange::IoState send_answer(Request& request, std::string_view text) {
    request.answer.head().start(request.form.version, "200 OK");
    iovec parts[] = {{}, {const_cast<char*>(text.data()), text.size()}};
    return request.exchange->send_whole(parts);
}

inline void answer(Request& request, std::string_view text) {
    EXPECT_EQ(send_answer(request, text), Exchange::IoState::Done);
    request.exchange->finish(true);
}

class WorkerTest : public testing::Test {
  protected:
    void start() {
        make();
        worker->serve(application);
        worker->turn();
    }

    void make() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::listen(fd, 64), 0);
        socklen_t length = sizeof address_;
        ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address_), &length), 0);
        std::vector<Listening> listeners;
        listeners.push_back({UniqueFd::adopt(fd), address_of_listener, trusted, 0,
                             net::socket_inode(fd), application_continues});
        listeners.back().health = health;
        worker = std::make_unique<Worker>(settings, slot, std::move(listeners), 1, board);
    }

    UniqueFd connect() {
        UniqueFd client = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM, 0));
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_),
                  0);
        return client;
    }

    static void send(const UniqueFd& client, std::string_view bytes) {
        ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }

    // Runs turns until `done`, waiting on the loop's descriptor as gevent's hub does.
    void turn_until(const std::function<bool()>& done) {
        for (int turns = 0; turns < 1000 && !done(); ++turns) {
            pollfd watched{worker->loop().backend_fd(), POLLIN, 0};
            ASSERT_EQ(::poll(&watched, 1, 10'000), 1) << "nothing happened for ten seconds";
            worker->turn();
        }
        ASSERT_TRUE(done());
    }

    std::string receive_until(const UniqueFd& client, std::string_view end) {
        std::string bytes;
        turn_until([&] {
            char buffer[4096];
            ssize_t got = 0;
            while ((got = ::recv(client.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
                bytes.append(buffer, static_cast<std::size_t>(got));
            }
            return (got == 0 && end.empty()) ||
                   (!end.empty() && bytes.find(end) != std::string::npos);
        });
        return bytes;
    }

    static bool at_end(const UniqueFd& client) {
        char byte = 0;
        return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0;
    }

    config::Settings settings;
    bool application_continues = false;  ///< listen.expect: application
    std::string health;                  ///< listen.health
    net::Address address_of_listener;
    http::TrustedProxies trusted;
    shm::WorkerSlot slot{};
    const shm::Scoreboard* board = nullptr;  ///< set for tests with siblings
    FakeApplication application;
    std::unique_ptr<Worker> worker;
    sockaddr_in address_{};
};

inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

}  // namespace geventd::worker
