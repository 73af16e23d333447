// SPDX-License-Identifier: MIT
#include "master/control/commands.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::master {
namespace {

class FakeMaster final : public Views, public Controls {
  public:
    [[nodiscard]] Status status() const override {
        Status status;
        status.version = "9.9";
        return status;
    }

    [[nodiscard]] Status full_status() override { return status(); }

    [[nodiscard]] const std::deque<HistoryPoint>& history() const override { return points; }

    std::deque<HistoryPoint> points;

    [[nodiscard]] std::vector<RequestStatus> requests() const override {
        return {{2, 3, 44, std::chrono::milliseconds(1500), {5, {}, "i\"d", "GET", "/x", ""}}};
    }

    [[nodiscard]] std::vector<WebSocketStatus> websockets() const override {
        return {{2,
                 3,
                 44,
                 std::chrono::milliseconds(1500),
                 {{5, {}, "i\"d", "GET", "/chat", "192.0.2.1"}, {1, 2, 30, 40, 5}}}};
    }

    Result<void> stacks(const std::string& of, StacksDone done) override {
        if (of == "nobody") {
            return failure("there is no nobody");
        }
        done("{\"of\":\"" + of + "\"}");
        return {};
    }

    void reload(ReloadDone done) override { reloads.push_back(std::move(done)); }

    void upgrade(ReloadDone done) override { upgrades.push_back(std::move(done)); }

    void stop() override { stops++; }

    void reopen_logs() override { reopens++; }

    Result<void> send_signal(int number, const std::string& payload) override {
        if (number > 255) {
            return failure("a signal's number is between 0 and 255");
        }
        signals.emplace_back(number, payload);
        return {};
    }

    std::vector<std::pair<int, std::string>> signals;

    Result<void> set_workers(int count) override {
        if (count > 8) {
            return failure("at most 8 workers");
        }
        workers = count;
        return {};
    }

    Result<void> pause(bool on) override {
        paused = on;
        return {};
    }

    std::vector<ReloadDone> reloads;
    std::vector<ReloadDone> upgrades;
    bool paused = false;
    int stops = 0;
    int reopens = 0;
    int workers = 0;
};

class CommandsTest : public ::testing::Test {
  protected:
    CommandsTest() { add_commands(server_, master_, master_); }

    void turn() {
        pollfd ready{loop_.backend_fd(), POLLIN, 0};
        ASSERT_GT(::poll(&ready, 1, 10'000), 0) << "nothing happens any more";
        loop_.run_pending();
    }

    UniqueFd ask(const std::string& line) {
        UniqueFd client = testing::connect_unix(path_);
        ::fcntl(client.get(), F_SETFL, O_NONBLOCK);
        ::send(client.get(), line.data(), line.size(), MSG_NOSIGNAL);
        return client;
    }

    std::string answer(const UniqueFd& client) {
        std::array<char, 65536> buffer;
        ssize_t got = -1;
        while ((got = ::recv(client.get(), buffer.data(), buffer.size(), 0)) < 0) {
            turn();
        }
        return {buffer.data(), static_cast<std::size_t>(got)};
    }

    const testing::TempDir dir_;
    const std::string path_ = dir_.file("app.ctl");
    event::Loop loop_;
    event::DeadlineClock clock_{loop_};
    FakeMaster master_;
    ControlServer server_{loop_, clock_, {.path = path_}};
};

TEST_F(CommandsTest, StatusAnswersTheDocument) {
    EXPECT_EQ(answer(ask("{\"command\":\"status\"}\n"))
                  .find("{\"ok\":true,\"result\":{\"version\":\"9.9\","),
              0U);
}

TEST_F(CommandsTest, HistoryAnswersThePointsThatTheClientDoesNotKnow) {
    master_.points.resize(2);
    master_.points[0].ordinal = 5;
    master_.points[1].ordinal = 6;
    const std::string all = answer(ask("{\"command\":\"history\"}\n"));
    EXPECT_NE(all.find("\"ordinal\":5"), std::string::npos) << all;
    const std::string later = answer(ask("{\"command\":\"history\",\"since\":5}\n"));
    EXPECT_EQ(later.find("\"ordinal\":5"), std::string::npos) << later;
    EXPECT_NE(later.find("\"ordinal\":6"), std::string::npos) << later;
}

TEST_F(CommandsTest, RequestsAnswersWhatOccupiesTheCores) {
    EXPECT_EQ(answer(ask("{\"command\":\"requests\"}\n")),
              R"({"ok":true,"result":{"requests":[{"id":"i\"d","age":1.500,"worker":2,)"
              R"("generation":3,"pid":44,"core":5,"client":null,"method":"GET","path":"/x"}],)"
              R"("total":1}})"
              "\n");
}

TEST_F(CommandsTest, WebSocketsAnswersTheOpenOnes) {
    EXPECT_EQ(answer(ask("{\"command\":\"websockets\"}\n")),
              R"({"ok":true,"result":{"websockets":[{"id":"i\"d","age":1.500,"worker":2,)"
              R"("generation":3,"pid":44,"client":"192.0.2.1","path":"/chat","messages_in":1,)"
              R"("messages_out":2,"bytes_in":30,"bytes_out":40,"unsent":5}],"total":1}})"
              "\n");
    EXPECT_NE(answer(ask("{\"command\":\"websockets\",\"most\":0}\n"))
                  .find(R"({"websockets":[],"total":1})"),
              std::string::npos);
}

TEST_F(CommandsTest, StacksAnswersTheDocumentOfWhatIsNamed) {
    EXPECT_EQ(answer(ask("{\"command\":\"stacks\",\"of\":\"2\"}\n")),
              "{\"ok\":true,\"result\":{\"of\":\"2\"}}\n");
    EXPECT_EQ(answer(ask("{\"command\":\"stacks\"}\n")),
              "{\"ok\":true,\"result\":{\"of\":\"\"}}\n");
    EXPECT_NE(answer(ask("{\"command\":\"stacks\",\"of\":\"nobody\"}\n")).find("no nobody"),
              std::string::npos);
}

TEST_F(CommandsTest, ReloadAnswersWhenItIsOver) {
    const auto client = ask("{\"command\":\"reload\"}\n");
    while (master_.reloads.empty()) {
        turn();
    }
    char byte = 0;
    EXPECT_LT(::recv(client.get(), &byte, 1, MSG_PEEK), 0);
    ReloadStatus outcome;
    outcome.outcome = ReloadStatus::Outcome::Done;
    master_.reloads[0](outcome);
    EXPECT_EQ(answer(client), "{\"ok\":true,\"result\":null}\n");
}

TEST_F(CommandsTest, AFailedReloadAnswersWithTheReason) {
    const auto client = ask("{\"command\":\"reload\"}\n");
    while (master_.reloads.empty()) {
        turn();
    }
    ReloadStatus outcome;
    outcome.outcome = ReloadStatus::Outcome::Failed;
    outcome.reason = "no module named x";
    master_.reloads[0](outcome);
    EXPECT_NE(answer(client).find("the running version goes on: no module named x"),
              std::string::npos);
}

TEST_F(CommandsTest, StopAnswersAndStops) {
    EXPECT_EQ(answer(ask("{\"command\":\"stop\"}\n")), "{\"ok\":true,\"result\":null}\n");
    EXPECT_EQ(master_.stops, 1);
}

TEST_F(CommandsTest, SignalTakesANumberAndAPayload) {
    EXPECT_EQ(answer(ask("{\"command\":\"signal\",\"number\":17,\"payload\":\"a b\"}\n")),
              "{\"ok\":true,\"result\":null}\n");
    EXPECT_EQ(master_.signals, (std::vector<std::pair<int, std::string>>{{17, "a b"}}));
    EXPECT_NE(answer(ask("{\"command\":\"signal\",\"number\":256}\n")).find("between 0 and 255"),
              std::string::npos);
    EXPECT_NE(answer(ask("{\"command\":\"signal\"}\n")).find("the signal's number"),
              std::string::npos);
}

TEST_F(CommandsTest, WorkersTakesANumber) {
    EXPECT_EQ(answer(ask("{\"command\":\"workers\",\"count\":4}\n")),
              "{\"ok\":true,\"result\":null}\n");
    EXPECT_EQ(master_.workers, 4);
    EXPECT_NE(answer(ask("{\"command\":\"workers\",\"count\":9}\n")).find("at most 8 workers"),
              std::string::npos);
    for (const char* wrong : {"", ",\"count\":\"four\"", ",\"count\":4.5", ",\"count\":\"\""}) {
        const auto line = std::string("{\"command\":\"workers\"") + wrong + "}\n";
        EXPECT_NE(answer(ask(line)).find("the number of workers"), std::string::npos) << wrong;
    }
    EXPECT_EQ(master_.workers, 4);
}

TEST_F(CommandsTest, PauseAndResume) {
    EXPECT_EQ(answer(ask("{\"command\":\"pause\"}\n")), "{\"ok\":true,\"result\":null}\n");
    EXPECT_TRUE(master_.paused);
    EXPECT_EQ(answer(ask("{\"command\":\"resume\"}\n")), "{\"ok\":true,\"result\":null}\n");
    EXPECT_FALSE(master_.paused);
}

TEST_F(CommandsTest, ReopenLogsReopensThem) {
    EXPECT_EQ(answer(ask("{\"command\":\"reopen-logs\"}\n")), "{\"ok\":true,\"result\":null}\n");
    EXPECT_EQ(master_.reopens, 1);
}

}  // namespace
}  // namespace geventd::master
