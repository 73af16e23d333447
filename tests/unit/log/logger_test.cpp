// SPDX-License-Identifier: MIT
#include "log/logger.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fd.h"

namespace geventd::log {
namespace {

/// A datagram socket keeps writes apart, so that a test sees each of them.
class LoggerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()), 0);
        writer_ = UniqueFd::adopt(ends[0]);
        reader_ = UniqueFd::adopt(ends[1]);
    }

    void TearDown() override {
        open(STDERR_FILENO, Level::Info, Format::Text);
        set_role("geventd");
    }

    static std::vector<std::string> writes(int fd) {
        std::vector<std::string> result;
        std::string buffer(200'000, '\0');
        for (;;) {
            const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) {
                return result;
            }
            result.emplace_back(buffer, 0, static_cast<std::size_t>(got));
        }
    }

    std::vector<std::string> writes() { return writes(reader_.get()); }

    UniqueFd writer_;
    UniqueFd reader_;
};

TEST_F(LoggerTest, ATextLineNamesTimeLevelAndProcess) {
    open(writer_.get(), Level::Info, Format::Text);
    set_role("worker 2");
    info("ready in {} ms", 12);
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 1U);
    const std::regex shape("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z info worker 2\\[" +
                           std::to_string(::getpid()) + "\\]: ready in 12 ms\n");
    EXPECT_TRUE(std::regex_match(lines[0], shape)) << lines[0];
}

TEST_F(LoggerTest, TheTimeIsUtcWhateverTheZone) {
    ::setenv("TZ", "Pacific/Kiritimati", 1);
    ::tzset();
    open(writer_.get(), Level::Info, Format::Text);
    const std::time_t before = std::time(nullptr);
    info("now");
    ::unsetenv("TZ");
    ::tzset();
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 1U);
    std::tm parsed{};
    ASSERT_NE(::strptime(lines[0].c_str(), "%Y-%m-%dT%H:%M:%S", &parsed), nullptr);
    EXPECT_GE(::timegm(&parsed), before);
    EXPECT_LE(::timegm(&parsed), std::time(nullptr));
}

TEST_F(LoggerTest, AJsonLineIsOneObject) {
    open(writer_.get(), Level::Info, Format::Json);
    set_role("master");
    warning("it \"broke\"\n  File x");
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 1U);
    const std::regex shape(
        R"(\{"time":"[-0-9]{10}T[0-9:.]{12}Z","level":"warning","process":"master","pid":\d+,)"
        R"("message":"it \\"broke\\"\\n  File x"\}\n)");
    EXPECT_TRUE(std::regex_match(lines[0], shape)) << lines[0];
}

TEST_F(LoggerTest, LevelsBelowTheChosenOneAreSilent) {
    open(writer_.get(), Level::Warning, Format::Text);
    debug("no");
    info("no");
    warning("yes");
    error("yes");
    EXPECT_EQ(writes().size(), 2U);
    EXPECT_FALSE(enabled(Level::Info));
    EXPECT_TRUE(enabled(Level::Error));
}

TEST_F(LoggerTest, AMultiLineTextIsOneWriteAndForgesNoLine) {
    open(writer_.get(), Level::Debug, Format::Text);
    debug("GET {}", "/x\n2026-11-23T10:00:00.123Z info master[1]: all is well\x1b[2J");
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("]: GET /x\n\t2026-11-23T"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("well\\x1b[2J\n"), std::string::npos) << lines[0];
}

TEST_F(LoggerTest, ALongLineIsOneWrite) {
    open(writer_.get(), Level::Info, Format::Text);
    info("{}", std::string(100'000, 'x'));
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_GT(lines[0].size(), 100'000U);
}

TEST_F(LoggerTest, BracesInTheTextAreNoFormat) {
    open(writer_.get(), Level::Info, Format::Text);
    write(Level::Info, "{} %v {0}");
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("]: {} %v {0}\n"), std::string::npos) << lines[0];
}

TEST_F(LoggerTest, LinesCanBeginWithTheirSeverity) {
    open(writer_.get(), Level::Debug, Format::Text);
    mark_severities(true);
    debug("a");
    info("b");
    warning("c");
    error("d");
    mark_severities(false);
    info("e");
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_EQ(lines[0].substr(0, 4), "<7>2");
    EXPECT_EQ(lines[1].substr(0, 4), "<6>2");
    EXPECT_EQ(lines[2].substr(0, 4), "<4>2");
    EXPECT_EQ(lines[3].substr(0, 4), "<3>2");
    EXPECT_EQ(lines[4].substr(0, 1), "2");
}

TEST_F(LoggerTest, TheAccessLogGoesWithTheLogUnlessItHasAFile) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()), 0);
    const UniqueFd writer = UniqueFd::adopt(ends[0]);
    const UniqueFd reader = UniqueFd::adopt(ends[1]);
    open(writer_.get(), Level::Info, Format::Text);
    write_access("with the log\n");
    open_access(writer.get());
    write_access("apart\n");
    info("no access");
    close_access();
    write_access("with the log again\n");
    std::array<char, 100> buffer{};
    EXPECT_EQ(::read(reader.get(), buffer.data(), buffer.size()), 6);
    EXPECT_LT(::read(reader.get(), buffer.data(), buffer.size()), 0);
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], "with the log\n");
    EXPECT_EQ(lines[2], "with the log again\n");
}

TEST_F(LoggerTest, RedirectMovesTheLogToAnotherDescriptor) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()), 0);
    const UniqueFd writer = UniqueFd::adopt(ends[0]);
    const UniqueFd reader = UniqueFd::adopt(ends[1]);
    open(writer_.get(), Level::Info, Format::Text);
    info("first");
    redirect(writer.get());
    info("second");
    EXPECT_EQ(writes().size(), 1U);
    EXPECT_EQ(writes(reader.get()).size(), 1U);
}

TEST_F(LoggerTest, ALogThatCannotBeWrittenHarmsNobody) {
    open(-1, Level::Info, Format::Text);
    errno = EDOM;
    info("lost");
    EXPECT_EQ(errno, EDOM);
}

/// How many lost lines `text` reports.
int told_as_lost(const std::string& text) {
    std::smatch found;
    std::regex_search(text, found, std::regex(R"((\d+) lines? of this process w)"));
    return found.empty() ? 0 : std::stoi(found[1]);
}

TEST_F(LoggerTest, LinesThatAreLostWhileLossesAreToldAreToldAsWell) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    UniqueFd reader = UniqueFd::adopt(ends[0]);
    const UniqueFd writer = UniqueFd::adopt(ends[1]);
    ::signal(SIGPIPE, SIG_IGN);
    open(writer.get(), Level::Info, Format::Text);
    const std::string text(900, 'x');
    constexpr int kLines = 1000;  // more than pipe and process can hold
    for (int i = 0; i < kLines; ++i) {
        info("{}", text);
    }
    std::string arrived(1'000'000, '\0');
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
    const ssize_t got = ::read(reader.get(), arrived.data(), arrived.size());
    ASSERT_GT(got, 0);
    int in_pipe = 0;
    for (std::size_t at = 0; (at = arrived.find("xx\n", at)) != std::string::npos; ++at) {
        ++in_pipe;
    }
    reader.reset();
    info("the pipe has no reader any more");
    redirect(writer_.get());
    info("but the socket has");
    const auto lines = writes();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(told_as_lost(lines[0]), kLines - in_pipe + 1) << lines[0];
}

TEST_F(LoggerTest, AProcessThatFellSilentTellsNoLosses) {
    open(-1, Level::Info, Format::Text);
    const pid_t child = ::fork();
    if (child == 0) {
        info("lost");
        fall_silent();
        redirect(writer_.get());  // as if it had the number of the closed descriptor
        retry();
        finish();
        ::_exit(is_behind() ? 1 : 0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(writes().size(), 0U);
}

}  // namespace
}  // namespace geventd::log
