// SPDX-License-Identifier: MIT
#include "master/ctl/client/control_client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "net/unix_socket.h"
#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::ctl {
namespace {

using testing::TempDir;

constexpr auto kLong = std::chrono::minutes(1);

class AskTest : public ::testing::Test {
  protected:
    void listen() {
        bound_ = net::bind_unix_socket(path_, {.mode = 0600}, "test");
        ASSERT_EQ(::fcntl(bound_.fd.get(), F_SETFL, 0), 0);
        ASSERT_EQ(::listen(bound_.fd.get(), 8), 0);
    }

    /// Serves one client with this answer; keeps the request.
    void serve(const std::string& answer, bool reads = true) {
        listen();
        server_ = std::thread([this, answer, reads] {
            const auto client = UniqueFd::adopt(::accept(bound_.fd.get(), nullptr, nullptr));
            std::array<char, 4096> buffer;
            while (reads && request_.find('\n') == std::string::npos) {
                const auto got = ::recv(client.get(), buffer.data(), buffer.size(), 0);
                request_.append(buffer.data(), static_cast<std::size_t>(got));
            }
            ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        });
    }

    void TearDown() override {
        if (server_.joinable()) {
            server_.join();
        }
    }

    const TempDir dir_;
    const std::string path_ = dir_.file("app.ctl");
    net::BoundUnixSocket bound_;
    std::string request_;
    std::thread server_;
};

TEST_F(AskTest, BringsTheResultBack) {
    serve("{\"ok\":true,\"result\":{\"pid\":42}}\n");
    const auto result = ask(path_, {"workers", {{"count", "4"}}}, kLong);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(*result, "{\"pid\":42}");
    server_.join();
    EXPECT_EQ(request_, "{\"command\":\"workers\",\"count\":\"4\"}\n");
}

TEST_F(AskTest, BringsTheServersErrorBack) {
    serve("{\"ok\":false,\"error\":\"no command\"}\n");
    EXPECT_EQ(ask(path_, {"x", {}}, kLong).error().message, "no command");
}

TEST_F(AskTest, HearsAServerThatTurnsItAwayUnheard) {
    serve("{\"ok\":false,\"error\":\"too many clients\"}\n", false);
    EXPECT_EQ(ask(path_, {"x", {{"a", std::string(1 << 20, 'x')}}}, kLong).error().message,
              "too many clients");
}

TEST_F(AskTest, SaysThatNoServerRuns) {
    EXPECT_EQ(ask(path_, {"status", {}}, kLong).error().message,
              "no geventd runs with this configuration (control socket " + path_ +
                  ": No such file or directory)");
    net::bind_unix_socket(path_, {}, "stale");
    EXPECT_EQ(ask(path_, {"status", {}}, kLong).error().message,
              "no geventd runs with this configuration (control socket " + path_ +
                  ": Connection refused)");
}

TEST_F(AskTest, KnowsWhetherAnybodyListens) {
    EXPECT_FALSE(is_listened_to(path_));
    EXPECT_FALSE(is_listened_to(path_ + "/below"));
    EXPECT_FALSE(is_listened_to("@" + path_));
    EXPECT_FALSE(is_listened_to(""));
    listen();
    EXPECT_TRUE(is_listened_to(path_));
    const UniqueFd abstract = net::bind_abstract_socket(path_, "listen");
    EXPECT_FALSE(is_listened_to("@" + path_));
    ASSERT_EQ(::listen(abstract.get(), 4), 0);
    EXPECT_TRUE(is_listened_to("@" + path_));
}

TEST_F(AskTest, SaysThatTheServerIsSilent) {
    listen();
    EXPECT_EQ(ask(path_, {"status", {}}, std::chrono::milliseconds(1)).error().message,
              "the server does not answer");
}

TEST_F(AskTest, IsNotHeldByAFullQueue) {
    listen();
    ASSERT_EQ(::listen(bound_.fd.get(), 0), 0);
    const auto first = testing::connect_unix(path_);
    EXPECT_EQ(ask(path_, {"status", {}}, std::chrono::milliseconds(1)).error().message,
              "the server does not answer");
}

TEST_F(AskTest, AnAnswerThatIsCutIsAnError) {
    serve("{\"ok\":true,\"resu");
    EXPECT_FALSE(ask(path_, {"status", {}}, kLong));
    EXPECT_EQ(ask(path_ + "x", {"status", {}}, kLong).has_value(), false);
}

TEST_F(AskTest, ClosingWithoutAnAnswerIsAnError) {
    serve("");
    EXPECT_EQ(ask(path_, {"status", {}}, kLong).error().message,
              "the server closed the connection without an answer");
}

}  // namespace
}  // namespace geventd::ctl
