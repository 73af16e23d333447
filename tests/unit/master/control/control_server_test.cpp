// SPDX-License-Identifier: MIT
#include "master/control/control_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::master {
namespace {

using testing::connect_unix;
using testing::TempDir;
using testing::thrown_code;

class ControlServerTest : public ::testing::Test {
  protected:
    ControlServer& start(Duration patience = std::chrono::hours(1), std::size_t max_clients = 64) {
        server_.emplace(loop_, clock_,
                        ControlServer::Options{.path = path_,
                                               .user = std::nullopt,
                                               .patience = patience,
                                               .max_clients = max_clients});
        server_->add("echo", [](const ipc::ControlRequest& request, ControlReply reply) {
            reply.ok("\"" + request.arguments.at("text") + "\"");
        });
        server_->add("later", [this](const ipc::ControlRequest&, ControlReply reply) {
            later_.push_back(reply);
        });
        return *server_;
    }

    /// Runs the loop until `done`; fails the test on timeout.
    template <typename Done>
    void serve_until(Done done) {
        while (!done()) {
            pollfd ready{loop_.backend_fd(), POLLIN, 0};
            ASSERT_GT(::poll(&ready, 1, 10'000), 0) << "nothing happens any more";
            loop_.run_pending();
        }
    }

    UniqueFd connect() {
        UniqueFd client = connect_unix(path_);
        ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
        return client;
    }

    UniqueFd ask(const std::string& text) {
        UniqueFd client = connect();
        EXPECT_EQ(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
        return client;
    }

    /// Everything that the server sends until it closes.
    std::string answer(const UniqueFd& client) {
        std::string all;
        bool closed = false;
        serve_until([&] {
            std::array<char, 65536> buffer;
            ssize_t got = 0;
            while ((got = ::recv(client.get(), buffer.data(), buffer.size(), 0)) > 0) {
                all.append(buffer.data(), static_cast<std::size_t>(got));
            }
            closed = got == 0 || errno != EAGAIN;
            return closed;
        });
        return all;
    }

    const TempDir dir_;
    const std::string path_ = dir_.file("app.ctl");
    event::Loop loop_;
    event::DeadlineClock clock_{loop_};
    std::vector<ControlReply> later_;
    std::optional<ControlServer> server_;
};

TEST_F(ControlServerTest, AnswersACommand) {
    start();
    const auto client = ask("{\"command\":\"echo\",\"text\":\"hello\"}\n");
    EXPECT_EQ(answer(client), "{\"ok\":true,\"result\":\"hello\"}\n");
    EXPECT_EQ(server_->clients(), 0U);
}

TEST_F(ControlServerTest, TakesARequestThatComesInPieces) {
    start();
    const auto client = ask("{\"command\":\"ec");
    serve_until([&] { return server_->clients() == 1; });
    ASSERT_GT(::send(client.get(), "ho\",\"text\":\"x\"}\n", 16, 0), 0);
    EXPECT_EQ(answer(client), "{\"ok\":true,\"result\":\"x\"}\n");
}

TEST_F(ControlServerTest, TakesARequestThatEndsWithTheSendingSide) {
    start();
    const auto client = ask("{\"command\":\"echo\",\"text\":\"x\"}");
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(answer(client), "{\"ok\":true,\"result\":\"x\"}\n");
}

TEST_F(ControlServerTest, NamesTheCommandsToWhoAsksForAnother) {
    start();
    const auto client = ask("{\"command\":\"dance\"}\n");
    EXPECT_EQ(answer(client),
              "{\"ok\":false,\"error\":\"no command \\\"dance\\\"; there are: echo, later\"}\n");
}

TEST_F(ControlServerTest, SaysWhatIsWrongWithARequest) {
    start();
    EXPECT_NE(answer(ask("GET / HTTP/1.1\r\n\r\n")).find("one JSON object"), std::string::npos);
}

TEST_F(ControlServerTest, RefusesARequestThatNeverEnds) {
    start();
    const auto client = ask(std::string(100'000, 'x'));
    EXPECT_NE(answer(client).find("too long"), std::string::npos);
}

TEST_F(ControlServerTest, AnAnswerMayComeLater) {
    start();
    const auto client = ask("{\"command\":\"later\"}\n");
    serve_until([&] { return !later_.empty(); });
    EXPECT_EQ(server_->clients(), 1U);
    later_[0].ok("7");
    EXPECT_EQ(answer(client), "{\"ok\":true,\"result\":7}\n");
}

TEST_F(ControlServerTest, AClientThatWaitsIsUnderNoDeadline) {
    start(std::chrono::milliseconds(200));  // enough to serve the other one
    const auto silent = connect();
    serve_until([&] { return server_->clients() == 1; });
    const auto waiting = ask("{\"command\":\"later\"}\n");
    serve_until([&] { return later_.size() == 1 && server_->clients() == 1; });
    EXPECT_EQ(answer(silent), "");  // dropped after the same time
    later_[0].error("no");
    EXPECT_EQ(answer(waiting), "{\"ok\":false,\"error\":\"no\"}\n");
}

TEST_F(ControlServerTest, AClientThatOnlyShutItsSendingSideIsAnsweredLater) {
    start();
    const auto client = ask("{\"command\":\"later\"}\n");
    serve_until([&] { return !later_.empty(); });
    ::shutdown(client.get(), SHUT_WR);
    loop_.run_pending();
    later_[0].ok();
    EXPECT_EQ(answer(client), "{\"ok\":true,\"result\":null}\n");
}

TEST_F(ControlServerTest, AClientThatLeftIsForgotten) {
    start();
    auto client = ask("{\"command\":\"later\"}\n");
    serve_until([&] { return !later_.empty(); });
    client.reset();
    serve_until([&] { return server_->clients() == 0; });
    later_[0].ok("1");  // has no effect
}

TEST_F(ControlServerTest, OnlyTheFirstAnswerCounts) {
    start();
    const auto client = ask("{\"command\":\"later\"}\n");
    serve_until([&] { return !later_.empty(); });
    later_[0].ok("\"" + std::string(4 << 20, 'x') + "\"");
    later_[0].ok("2");
    EXPECT_EQ(answer(client).size(), (4U << 20) + 24);
}

TEST_F(ControlServerTest, ASilentClientIsDropped) {
    start(std::chrono::milliseconds(1));
    const auto client = connect();
    EXPECT_EQ(answer(client), "");
    EXPECT_EQ(server_->clients(), 0U);
}

TEST_F(ControlServerTest, AClientThatDoesNotReadIsDropped) {
    start(std::chrono::milliseconds(200));  // enough to read it
    const auto client = ask("{\"command\":\"later\"}\n");
    serve_until([&] { return !later_.empty(); });
    later_[0].ok("\"" + std::string(8 << 20, 'x') + "\"");
    EXPECT_EQ(server_->clients(), 1U);
    serve_until([&] { return server_->clients() == 0; });
}

TEST_F(ControlServerTest, TooManyClientsAreTurnedAway) {
    start(std::chrono::hours(1), 2);
    const auto first = connect();
    const auto second = connect();
    serve_until([&] { return server_->clients() == 2; });
    EXPECT_NE(answer(connect()).find("too many clients"), std::string::npos);
    EXPECT_EQ(server_->clients(), 2U);
}

TEST_F(ControlServerTest, TheSocketIsForItsOwnerAlone) {
    const auto old = ::umask(0);
    start();
    ::umask(old);

    struct stat found {};

    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
}

TEST_F(ControlServerTest, AnotherUserIsTurnedAway) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    start();
    ::chmod(path_.c_str(), 0666);  // as careless as possible
    ::chmod(dir_.file("").c_str(), 0755);
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(::pipe2(pipe_ends.data(), O_CLOEXEC), 0);
    const UniqueFd reader = UniqueFd::adopt(pipe_ends[0]);
    UniqueFd writer = UniqueFd::adopt(pipe_ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        const bool changed = ::setuid(65534) == 0;
        const UniqueFd client = connect_unix(path_);
        std::array<char, 256> buffer{};
        const ssize_t got = changed ? ::recv(client.get(), buffer.data(), buffer.size(), 0) : 0;
        ::_exit(got > 0 && ::write(writer.get(), buffer.data(), static_cast<std::size_t>(got)) > 0
                    ? 0
                    : 1);
    }
    writer.reset();
    std::array<char, 256> buffer{};
    std::array<pollfd, 2> ready{{{loop_.backend_fd(), POLLIN, 0}, {reader.get(), POLLIN, 0}}};
    while (ready[1].revents == 0) {
        ASSERT_GT(::poll(ready.data(), ready.size(), 10'000), 0);
        loop_.run_pending();
    }
    const ssize_t got = ::read(reader.get(), buffer.data(), buffer.size());
    ::waitpid(child, nullptr, 0);
    ASSERT_GT(got, 0);
    EXPECT_NE(std::string(buffer.data(), static_cast<std::size_t>(got)).find("permission denied"),
              std::string::npos);
    EXPECT_EQ(server_->clients(), 0U);
}

TEST_F(ControlServerTest, ASecondServerRefusesToStart) {
    start();
    std::string text;
    EXPECT_EQ(thrown_code([&] { ControlServer second(loop_, clock_, {.path = path_}); }, &text),
              EADDRINUSE);
    EXPECT_TRUE(text.starts_with("control socket " + path_ + ": process " +
                                 std::to_string(::getpid()) + " ("))
        << text;
    EXPECT_NE(text.find("has it; to run another server beside that one, set control to"),
              std::string::npos)
        << text;
    EXPECT_EQ(::access(path_.c_str(), F_OK), 0);
}

TEST_F(ControlServerTest, AnotherUserInItsPlaceIsNamed) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to become somebody else";
    }
    const auto live = net::bind_unix_socket(path_, {}, "listen");
    ASSERT_EQ(::seteuid(4711), 0);
    EXPECT_EQ(::listen(live.fd.get(), 4), 0);
    ASSERT_EQ(::seteuid(0), 0);
    std::string text;
    EXPECT_EQ(thrown_code([&] { start(); }, &text), EADDRINUSE);
    EXPECT_EQ(text,
              "control socket " + path_ + ": user 4711 is listening there: Address already in use");
}

TEST_F(ControlServerTest, AStaleSocketIsReplacedAndRemovedAtTheEnd) {
    net::bind_unix_socket(path_, {}, "stale");
    start();
    EXPECT_TRUE(connect());
    server_.reset();
    EXPECT_NE(::access(path_.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace geventd::master
