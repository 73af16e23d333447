// SPDX-License-Identifier: MIT
#include "net/listener_set.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include <gtest/gtest.h>

#include "net/peer.h"
#include "tests/unit/net/connect.h"
#include "tests/unit/net/temp_dir.h"

namespace geventd::net {
namespace {

using testing::connect_inet;
using testing::connect_unix;
using testing::TempDir;
using testing::thrown_code;

Wanted at(const std::string& text) {
    return {parse_address(text).value(), {}};
}

Wanted at(const Address& address) {
    return {address, {}};
}

TEST(ListenerSet, KeepsTheOrderOfTheConfiguration) {
    const TempDir dir;
    const auto set = ListenerSet::open(
        {at("http://127.0.0.1:0"), at("uwsgi+unix:" + dir.file("a.sock")), at("uwsgi://:0")},
        no_retry());
    ASSERT_EQ(set.listeners().size(), 3U);
    EXPECT_EQ(set.listeners()[0].wanted().host, "127.0.0.1");
    EXPECT_EQ(set.listeners()[1].wanted().family, Family::Unix);
    EXPECT_EQ(set.listeners()[2].wanted().protocol, Protocol::Uwsgi);
}

TEST(ListenerSet, AFailedStartLeavesNothingBehind) {
    const TempDir dir;
    const auto taken = Listener::open(parse_address("http://127.0.0.1:0").value(), {});
    EXPECT_EQ(thrown_code([&] {
                  ListenerSet::open({at("http+unix:" + dir.file("a.sock")), at(taken.actual())},
                                    no_retry());
              }),
              EADDRINUSE);
    EXPECT_NE(::access(dir.file("a.sock").c_str(), F_OK), 0);
}

TEST(ListenerSet, WaitsForAnAddressThatIsLetGo) {
    std::optional<Listener> former(Listener::open(parse_address("http://127.0.0.1:0").value(), {}));
    const Wanted wanted = at(former->actual());
    int asked = 0;
    const auto set = ListenerSet::open({wanted}, [&] {
        if (++asked == 3) {
            former.reset();
        }
        return true;
    });
    EXPECT_EQ(asked, 3);
    EXPECT_TRUE(connect_inet("127.0.0.1", wanted.address.port));
}

TEST(ListenerSet, DoesNotTryAgainWhatNoTimeHeals) {
    int asked = 0;
    EXPECT_EQ(thrown_code([&] {
                  ListenerSet::open({at("http://192.0.2.1:1")}, [&] {
                      ++asked;
                      return true;
                  });
              }),
              EADDRNOTAVAIL);
    EXPECT_EQ(asked, 0);
}

TEST(ListenerSet, RetryForEnds) {
    EXPECT_FALSE(retry_for(Duration::zero())());
    EXPECT_FALSE(no_retry()());
}

TEST(ListenerSet, ReopeningKeepsWaitingConnections) {
    auto set = ListenerSet::open({at("http://127.0.0.1:0")}, no_retry());
    const int fd = set.listeners()[0].fd();
    const auto client = connect_inet("127.0.0.1", set.listeners()[0].actual().port);
    const auto dropped = set.reopen({at("http://:0"), at("http://127.0.0.1:0")}, no_retry());
    EXPECT_TRUE(dropped.empty());
    ASSERT_EQ(set.listeners().size(), 2U);
    EXPECT_EQ(set.listeners()[1].fd(), fd);
    const auto accepted = accept_peer(set.listeners()[1].fd());
    EXPECT_TRUE(accepted && *accepted);
}

TEST(ListenerSet, ReopeningReturnsWhatIsNoLongerWanted) {
    auto set = ListenerSet::open({at("http://127.0.0.1:0"), at("http://:0")}, no_retry());
    const auto port = set.listeners()[0].actual().port;
    const auto dropped = set.reopen({at("http://:0")}, no_retry());
    ASSERT_EQ(dropped.size(), 1U);
    EXPECT_EQ(dropped[0].actual().port, port);
    EXPECT_TRUE(connect_inet("127.0.0.1", port));  // still open: its workers drain
}

TEST(ListenerSet, AFailedReopenChangesNothing) {
    const TempDir dir;
    const auto taken = Listener::open(parse_address("http://127.0.0.1:0").value(), {});
    auto set = ListenerSet::open({at("http://127.0.0.1:0")}, no_retry());
    const int fd = set.listeners()[0].fd();
    EXPECT_EQ(
        thrown_code([&] {
            set.reopen({at("http+unix:" + dir.file("a.sock")), at(taken.actual())}, no_retry());
        }),
        EADDRINUSE);
    ASSERT_EQ(set.listeners().size(), 1U);
    EXPECT_EQ(set.listeners()[0].fd(), fd);
    EXPECT_NE(::access(dir.file("a.sock").c_str(), F_OK), 0);
}

TEST(ListenerSet, AChangedProtocolKeepsTheSocket) {
    auto set = ListenerSet::open({at("http://127.0.0.1:0")}, no_retry());
    const int fd = set.listeners()[0].fd();
    const auto port = set.listeners()[0].actual().port;
    set.reopen({at("uwsgi://127.0.0.1:0")}, no_retry());
    EXPECT_EQ(set.listeners()[0].fd(), fd);
    EXPECT_EQ(set.listeners()[0].wanted().protocol, Protocol::Uwsgi);
    EXPECT_EQ(set.listeners()[0].actual().port, port);
}

TEST(ListenerSet, AChangedModeIsAppliedToTheKeptSocket) {
    const TempDir dir;
    Wanted wanted = at("http+unix:" + dir.file("a.sock"));
    wanted.options.access.mode = 0600;
    auto set = ListenerSet::open({wanted}, no_retry());
    wanted.options.access.mode = 0666;
    set.reopen({wanted}, no_retry());

    struct stat found {};

    ASSERT_EQ(::stat(dir.file("a.sock").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0666U);
}

TEST(ListenerSet, ALostSocketIsMadeAnew) {
    const TempDir dir;
    const std::string path = dir.file("a.sock");
    auto set = ListenerSet::open({at("http+unix:" + path)}, no_retry());
    ASSERT_EQ(::unlink(path.c_str()), 0);
    const auto dropped = set.reopen({at("http+unix:" + path)}, no_retry());
    ASSERT_EQ(dropped.size(), 1U);
    EXPECT_NE(dropped[0].fd(), set.listeners()[0].fd());
    const auto client = connect_unix(path);
    const auto accepted = accept_peer(set.listeners()[0].fd());
    EXPECT_TRUE(accepted && *accepted);
}

TEST(ListenerSet, RemovesItsFilesWhenTold) {
    const TempDir dir;
    auto set = ListenerSet::open({at("http+unix:" + dir.file("a.sock"))}, no_retry());
    set.unlink_own();
    EXPECT_NE(::access(dir.file("a.sock").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace geventd::net
