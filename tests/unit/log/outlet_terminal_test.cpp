// SPDX-License-Identifier: MIT
// An outlet to terminals of another user, which it cannot open again.
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/fd.h"
#include "log/outlet.h"

namespace geventd::log {
namespace {

constexpr uid_t kSomebody = 65534;
constexpr unsigned kSecondsForATest = 60;

struct Terminal {
    explicit Terminal(int how = O_NOCTTY) {
        EXPECT_EQ(::grantpt(master.get()), 0);
        EXPECT_EQ(::unlockpt(master.get()), 0);
        std::array<char, 64> name{};
        ::ptsname_r(master.get(), name.data(), name.size());
        slave = UniqueFd::adopt(::open(name.data(), O_RDWR | O_CLOEXEC | how));
        EXPECT_TRUE(slave);
    }

    /// Everything up to that text.
    [[nodiscard]] std::string read_until(std::string_view end) const {
        std::string text;
        std::array<char, 4096> buffer{};
        while (text.find(end) == std::string::npos) {
            const ssize_t got = ::read(master.get(), buffer.data(), buffer.size());
            if (got <= 0) {
                break;
            }
            text.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return text;
    }

    UniqueFd master = UniqueFd::adopt(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    UniqueFd slave;
};

std::string line_of(std::size_t length) {
    return std::string(length - 1, '.') + "\n";
}

/// The threads of this process that write to a terminal, and the signals that each blocks.
std::vector<std::uint64_t> writing_tasks() {
    std::vector<std::uint64_t> blocked;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(task.path() / "status");
        std::string word;
        bool writes = false;
        while (status >> word) {
            writes = writes || word == "geventd-log";
            if (writes && word == "SigBlk:" && status >> word) {
                blocked.push_back(std::stoull(word, nullptr, 16));
            }
        }
    }
    return blocked;
}

class OutletTerminal : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can be refused by becoming somebody else";
        }
        ::alarm(kSecondsForATest);  // ends a test that hangs
        while (!writing_tasks().empty()) {
            std::this_thread::yield();  // a thread of an earlier test may not have noticed yet that
                                        // its terminal is gone
        }
        open();
    }

    void TearDown() override { ::alarm(0); }

    void open() {
        ::setfsuid(kSomebody);
        outlet_.open(terminal_.slave.get());
        ::setfsuid(0);
        EXPECT_EQ(outlet_.descriptor(), -1);
    }

    void fill(std::size_t length = 100) {
        while (outlet_.lost() == 0) {
            outlet_.write(line_of(length));
        }
    }

    Terminal terminal_;
    Outlet outlet_;
};

TEST_F(OutletTerminal, ThatNobodyReadsIsNotWaitedFor) {
    for (const std::size_t length : {100, 999, 4096, 5000, 100'000}) {
        terminal_ = Terminal();
        open();
        outlet_.set_lost(0);
        fill(length);
        EXPECT_EQ(::fcntl(terminal_.slave.get(), F_GETFL) & O_NONBLOCK, 0)
            << "it is not ours alone";
    }
}

TEST_F(OutletTerminal, GetsWhatWasKeptInItsOrder) {
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
        const std::string text = std::to_string(i) + line_of(100);
        EXPECT_TRUE(outlet_.write(text));
        expected += text.substr(0, text.size() - 1) + "\r\n";
    }
    EXPECT_TRUE(outlet_.has_kept());
    std::string all;
    while (all.size() < expected.size()) {
        outlet_.retry();
        all += terminal_.read_until("\n");
    }
    EXPECT_TRUE(all == expected);
    EXPECT_EQ(outlet_.lost(), 0U);
}

TEST_F(OutletTerminal, HoldsTheEndOfTheProcessForAMomentOnly) {
    fill();
    const auto begin = std::chrono::steady_clock::now();
    outlet_.finish();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(OutletTerminal, GetsTheLastWordsOfAProcess) {
    const pid_t child = ::fork();
    if (child == 0) {
        outlet_.write("last words\n");
        for (int i = 0; i < 50; ++i) {  // a busy machine may need longer than a tenth of a second
            outlet_.finish();
        }
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(terminal_.read_until("\n"), "last words\r\n");
}

TEST_F(OutletTerminal, IsWrittenToByAThreadOfEachProcess) {
    EXPECT_EQ(writing_tasks().size(), 0U) << "before there is a line";
    fill();
    EXPECT_EQ(writing_tasks().size(), 1U);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(kSecondsForATest);
        outlet_.write("child\n");
        const bool written_or_kept = outlet_.lost() == 0 && writing_tasks().size() == 1;
        while (outlet_.has_kept()) {
            outlet_.retry();
        }
        for (int i = 0; i < 50; ++i) {
            outlet_.finish();
        }
        ::_exit(written_or_kept ? 0 : 1);
    }
    EXPECT_NE(terminal_.read_until("child\r\n"), "");
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(OutletTerminal, IsWrittenToByAThreadThatGetsNoSignals) {
    outlet_.write("hello\n");
    const auto blocked = writing_tasks();
    ASSERT_EQ(blocked.size(), 1U);
    for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGALRM}) {
        EXPECT_NE(blocked[0] >> (number - 1) & 1, 0U) << number;
    }
}

TEST_F(OutletTerminal, IsOpenedAgainWithoutAFurtherThread) {
    fill();
    for (int i = 0; i < 5; ++i) {
        open();
        outlet_.write("again\n");
    }
    EXPECT_EQ(writing_tasks().size(), 1U);
}

TEST_F(OutletTerminal, LosesLinesOnlyWhenItIsGone) {
    terminal_.master.reset();
    std::uint64_t written = 0;
    for (; outlet_.lost() == 0; ++written) {
        outlet_.write("lost\n");
    }
    outlet_.retry();  // some wait, when the thread is late
    EXPECT_EQ(outlet_.lost(), written);
    EXPECT_FALSE(outlet_.write("lost\n"));
    EXPECT_EQ(outlet_.lost(), written + 1);
}

/// In a child: another user's terminal, stopped as by Ctrl-S, takes no line and blocks nobody.
int exit_code_with_stopped_terminal(bool of_our_session) {
    ::setsid();
    ::signal(SIGHUP, SIG_IGN);  // sent when the terminal ends
    const Terminal terminal(of_our_session ? 0 : O_NOCTTY);
    Outlet outlet;
    ::setfsuid(kSomebody);
    outlet.open(terminal.slave.get());
    ::setfsuid(0);
    outlet.write("hello\n");
    if (terminal.read_until("\n") != "hello\r\n") {
        return 3;
    }
    ::tcflow(terminal.slave.get(), TCOOFF);
    ::alarm(kSecondsForATest);  // ends a child that hangs
    while (outlet.lost() == 0) {
        outlet.write(line_of(100));
    }
    return (outlet.descriptor() != -1) == of_our_session ? 0 : 4;
}

class StoppedTerminal : public ::testing::TestWithParam<bool> {};

TEST_P(StoppedTerminal, OfSomebodyElseIsNotWaitedFor) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can be refused by becoming somebody else";
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(exit_code_with_stopped_terminal(GetParam()));
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Terminals, StoppedTerminal, ::testing::Values(true, false),
                         [](const auto& of) { return of.param ? "OfOurSession" : "OfAnother"; });

}  // namespace
}  // namespace geventd::log
