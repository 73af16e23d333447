// SPDX-License-Identifier: MIT
#include "master/host/systemd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "net/unix_socket.h"
#include "tests/unit/master/host/in_child.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::master {
namespace {

using testing::in_child;
using testing::TempDir;

/// Receives what systemd would receive.
class ServiceNotifierTest : public ::testing::Test {
  protected:
    void SetUp() override {
        const auto address = net::make_unix_sockaddr(dir_.file("notify"), false).value();
        socket_ = UniqueFd::adopt(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address.address),
                         address.length),
                  0);
        ::setenv("NOTIFY_SOCKET", dir_.file("notify").c_str(), 1);
    }

    void TearDown() override {
        ::unsetenv("NOTIFY_SOCKET");
        ::unsetenv("WATCHDOG_USEC");
        ::unsetenv("WATCHDOG_PID");
    }

    std::string heard() {
        std::array<char, 1024> buffer{};
        const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    }

    const TempDir dir_;
    UniqueFd socket_;
    ServiceNotifier notifier_;
};

TEST_F(ServiceNotifierTest, TellsEachState) {
    notifier_.ready("4 workers");
    EXPECT_EQ(heard(), "READY=1\nSTATUS=4 workers");
    notifier_.stopping(std::chrono::seconds(60));
    EXPECT_EQ(heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=65000000");
    notifier_.main_pid(42);
    EXPECT_EQ(heard(), "MAINPID=42");
    notifier_.watchdog();
    EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST_F(ServiceNotifierTest, AReloadCarriesItsTime) {
    notifier_.reloading();
    EXPECT_EQ(heard().find("RELOADING=1\nMONOTONIC_USEC="), 0U);
}

TEST_F(ServiceNotifierTest, AStatusIsOneLine) {
    notifier_.status("broken\nMAINPID=1");
    EXPECT_EQ(heard(), "STATUS=broken\\nMAINPID=1");
}

TEST_F(ServiceNotifierTest, WithoutSystemdNothingHappens) {
    ::unsetenv("NOTIFY_SOCKET");
    notifier_.ready("");
    EXPECT_EQ(heard(), "");
    EXPECT_FALSE(notifier_.watchdog_period());
}

TEST_F(ServiceNotifierTest, TheWatchdogIsFedTwiceInItsTime) {
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_EQ(notifier_.watchdog_period(), std::chrono::milliseconds(1500));
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_FALSE(notifier_.watchdog_period());
}

/// In a child: puts two sockets where systemd would, and announces them to `pid`.
void activate(pid_t pid) {
    std::array<int, 2> ends{};
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data());
    const int first = ::fcntl(ends[0], F_DUPFD, 100);
    const int second = ::fcntl(ends[1], F_DUPFD, 100);
    ::dup2(first, 3);
    ::dup2(second, 4);
    ::setenv("LISTEN_FDS", "2", 1);
    ::setenv("LISTEN_FDNAMES", "http:metrics", 1);
    ::setenv("LISTEN_PID", std::to_string(pid).c_str(), 1);
}

TEST(ActivatedSockets, ComeInOrderWithTheirNames) {
    EXPECT_EQ(in_child([] {
                  activate(::getpid());
                  auto sockets = take_activated_sockets();
                  return sockets.size() == 2 && sockets[0].name == "http" &&
                                 sockets[0].fd.get() == 3 && sockets[1].name == "metrics" &&
                                 sockets[1].fd.get() == 4 && ::fcntl(3, F_GETFD) == FD_CLOEXEC
                             ? 7
                             : 8;
              }),
              7);
}

TEST(ActivatedSockets, WithoutNamesAreUnknown) {
    EXPECT_EQ(in_child([] {
                  activate(::getpid());
                  ::unsetenv("LISTEN_FDNAMES");
                  const auto sockets = take_activated_sockets();
                  return sockets.size() == 2 && sockets[0].name == "unknown" &&
                                 sockets[1].name == "unknown"
                             ? 7
                             : 8;
              }),
              7);
}

TEST(ActivatedSockets, AreTakenOnce) {
    EXPECT_EQ(
        in_child([] {
            activate(::getpid());
            const auto sockets = take_activated_sockets();
            return std::getenv("LISTEN_FDS") == nullptr && take_activated_sockets().empty() ? 7 : 8;
        }),
        7);
}

TEST(ActivatedSockets, OfAnotherProcessAreLeftAlone) {
    EXPECT_EQ(in_child([] {
                  activate(1);
                  return take_activated_sockets().empty() ? 7 : 8;
              }),
              7);
}

TEST(ActivatedSockets, AreNoneWithoutSystemd) {
    EXPECT_TRUE(take_activated_sockets().empty());
}

}  // namespace
}  // namespace geventd::master
