// SPDX-License-Identifier: MIT
#include "master/host/daemon.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/master/host/in_child.h"

namespace geventd::master {
namespace {

using testing::in_child;

struct Report {
    pid_t pid = 0;
    pid_t session = 0;
    bool stdin_is_null = false;
    bool stdout_is_null = false;
    bool stderr_is_null = false;
};

bool is_null(int fd) {
    struct stat one {};

    struct stat null {};

    return ::fstat(fd, &one) == 0 && ::stat("/dev/null", &null) == 0 &&
           one.st_rdev == null.st_rdev && S_ISCHR(one.st_mode);
}

class DaemonTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader_ = UniqueFd::adopt(ends[0]);
        writer_ = UniqueFd::adopt(ends[1]);
    }

    /// Starts a daemon that runs `body`; returns how its starter exited.
    template <typename Body>
    int start(Body body) {
        return in_child([&]() -> int {
            // Anything but /dev/null, whatever the tests run with.
            ::dup2(writer_.get(), STDIN_FILENO);
            ::dup2(writer_.get(), STDOUT_FILENO);
            ::dup2(writer_.get(), STDERR_FILENO);
            auto daemon = Daemon::start();
            body(daemon);
            const Report report{::getpid(), ::getsid(0), is_null(STDIN_FILENO),
                                is_null(STDOUT_FILENO), is_null(STDERR_FILENO)};
            const auto size = static_cast<ssize_t>(sizeof report);
            ::_exit(::write(writer_.get(), &report, sizeof report) == size ? 0 : 1);
        });
    }

    Report report() {
        writer_.reset();
        Report result;
        EXPECT_EQ(::read(reader_.get(), &result, sizeof result),
                  static_cast<ssize_t>(sizeof result));
        return result;
    }

    UniqueFd reader_;
    UniqueFd writer_;
};

TEST_F(DaemonTest, RunsInASessionThatItDoesNotLead) {
    EXPECT_EQ(start([](Daemon& daemon) { daemon.ready(false); }), 0);
    const Report daemon = report();
    EXPECT_NE(daemon.session, ::getsid(0));
    EXPECT_NE(daemon.session, daemon.pid);
}

TEST_F(DaemonTest, LeavesALogFileInTheirPlaceAlone) {
    EXPECT_EQ(start([](Daemon& daemon) { daemon.ready(false); }), 0);
    const Report daemon = report();
    EXPECT_TRUE(daemon.stdin_is_null);
    EXPECT_FALSE(daemon.stdout_is_null);
    EXPECT_FALSE(daemon.stderr_is_null);
}

TEST_F(DaemonTest, KeepsAStderrThatIsTheLog) {
    EXPECT_EQ(start([](Daemon& daemon) { daemon.ready(true); }), 0);
    const Report daemon = report();
    EXPECT_TRUE(daemon.stdin_is_null);
    EXPECT_TRUE(daemon.stdout_is_null);
    EXPECT_FALSE(daemon.stderr_is_null);
}

TEST_F(DaemonTest, TheStarterLeavesWithTheCodeOfAFailedStart) {
    EXPECT_EQ(start([](Daemon& daemon) { daemon.failed(ExitCode::Config); }), 1);
}

TEST_F(DaemonTest, ADaemonThatDiesWithoutAWordHasFailed) {
    EXPECT_EQ(start([](Daemon&) { ::_exit(0); }), 70);
}

}  // namespace
}  // namespace geventd::master
