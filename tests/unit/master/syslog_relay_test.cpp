// SPDX-License-Identifier: MIT
#include "master/syslog_relay.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/net/temp_dir.h"

namespace geventd::master {
namespace {

class SyslogRelayTest : public ::testing::Test {
  protected:
    SyslogRelayTest() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
        daemon_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        ::bind(daemon_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }

    static void write(const SyslogRelay& relay, const std::string& text) {
        EXPECT_EQ(::write(relay.writer(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }

    /// The text of the next message; "" when there is none.
    std::string next() {
        std::array<char, 10'000> buffer{};
        const ssize_t got = ::read(daemon_.get(), buffer.data(), buffer.size());
        const std::string message(buffer.data(), static_cast<std::size_t>(got < 0 ? 0 : got));
        const auto text = message.find("]: ");
        return text == std::string::npos ? message : message.substr(text + 3);
    }

    event::Loop loop_;
    event::DeadlineClock clock_{loop_};
    testing::TempDir dir_;
    std::string path_ = dir_.file("log");
    UniqueFd daemon_;
};

TEST_F(SyslogRelayTest, EachLineIsAMessage) {
    SyslogRelay relay(loop_, clock_, path_);
    write(relay, "<4>one\ntwo\nbeg");
    loop_.run_pending();
    EXPECT_EQ(next(), "one");
    EXPECT_EQ(next(), "two");
    EXPECT_EQ(next(), "");
    write(relay, "un\n");
    loop_.run_pending();
    EXPECT_EQ(next(), "begun");
}

TEST_F(SyslogRelayTest, ALongLineComesInPieces) {
    SyslogRelay relay(loop_, clock_, path_);
    write(relay, std::string(10'000, 'x') + "\n");
    loop_.run_pending();
    EXPECT_EQ(next().size(), 8192U);
    EXPECT_EQ(next().size(), 10'000U - 8192U);
}

TEST_F(SyslogRelayTest, LinesWaitForRoom) {
    SyslogRelay relay(loop_, clock_, path_);
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "line " + std::to_string(i) + '\n';
    }
    write(relay, many);
    for (int i = 0; i < 1000; ++i) {
        loop_.run_pending();
        ASSERT_EQ(next(), "line " + std::to_string(i));
    }
}

TEST_F(SyslogRelayTest, LinesAreLostWhenSyslogStandsStill) {
    SyslogRelay relay(loop_, clock_, path_);
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "x\n";
    }
    write(relay, many);
    loop_.run_pending();
    clock_.fall_due(Clock::now() + std::chrono::seconds(2));
    write(relay, "lost, too\n");
    loop_.run_pending();
    for (std::string text = next(); !text.empty(); text = next()) {
        EXPECT_EQ(text, "x");
    }
    write(relay, "after\n");
    loop_.run_pending();
    EXPECT_NE(next().find(" lines were lost: syslog did not take them"), std::string::npos);
    EXPECT_EQ(next(), "after");
}

TEST_F(SyslogRelayTest, HandsOnWhatIsLeftAtItsEnd) {
    {
        const SyslogRelay relay(loop_, clock_, path_);
        write(relay, "last\nwords");
    }
    EXPECT_EQ(next(), "last");
    EXPECT_EQ(next(), "words");
}

}  // namespace
}  // namespace geventd::master
