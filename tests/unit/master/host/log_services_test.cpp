// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "master/host/journal.h"
#include "master/host/syslog_socket.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::master {
namespace {

UniqueFd bound_socket(const std::string& path, int type) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    UniqueFd fd = UniqueFd::adopt(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::unlink(path.c_str());
    ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return fd;
}

std::string received(int fd) {
    std::array<char, 1000> buffer{};
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(got < 0 ? 0 : got)};
}

TEST(SyslogMessage, HasSeverityTimeNameAndPid) {
    const std::string end = " geventd[" + std::to_string(::getpid()) + "]: ";
    const std::string warning = syslog_message("<4>text", 1'700'000'000);
    EXPECT_EQ(warning.substr(0, 8), "<28>Nov ") << warning;
    EXPECT_EQ(warning.substr(19), end + "text") << warning;
    EXPECT_EQ(syslog_message("plain", 0).substr(0, 4), "<30>");
    EXPECT_TRUE(syslog_message("<9>odd", 0).ends_with(end + "<9>odd"));
}

TEST(SyslogSocket, NeedsADaemon) {
    const testing::TempDir dir;
    EXPECT_THROW(SyslogSocket(dir.file("log")), std::system_error);
}

TEST(SyslogSocket, FindsADaemonThatWasStartedAnew) {
    const testing::TempDir dir;
    UniqueFd daemon = bound_socket(dir.file("log"), SOCK_DGRAM);
    SyslogSocket syslog(dir.file("log"));
    syslog.send("first");
    EXPECT_TRUE(received(daemon.get()).ends_with(": first"));
    daemon.reset();
    syslog.send("lost");
    daemon = bound_socket(dir.file("log"), SOCK_DGRAM);
    syslog.send("second");
    EXPECT_TRUE(received(daemon.get()).ends_with("1 lines were lost: syslog did not take them"));
    EXPECT_TRUE(received(daemon.get()).ends_with(": second"));
}

TEST(SyslogSocket, WaitsForNobody) {
    const testing::TempDir dir;
    const UniqueFd daemon = bound_socket(dir.file("log"), SOCK_DGRAM);
    SyslogSocket syslog(dir.file("log"));
    while (syslog.send("nobody reads this")) {
    }
    syslog.lose();
    while (!received(daemon.get()).empty()) {
    }
    syslog.send("after");
    EXPECT_NE(received(daemon.get()).find(" lines were lost"), std::string::npos);
}

TEST(OpenJournal, IntroducesItself) {
    const testing::TempDir dir;
    EXPECT_THROW(open_journal(dir.file("none")), std::system_error);
    const UniqueFd journal = bound_socket(dir.file("stdout"), SOCK_STREAM);
    ::listen(journal.get(), 1);
    const UniqueFd stream = open_journal(dir.file("stdout"));
    const UniqueFd entry =
        UniqueFd::adopt(::accept4(journal.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_EQ(received(entry.get()), "geventd\n\n6\n1\n0\n0\n0\n");
}

}  // namespace
}  // namespace geventd::master
