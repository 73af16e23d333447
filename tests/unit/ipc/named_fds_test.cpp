// SPDX-License-Identifier: MIT
#include "ipc/named_fds.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <stdexcept>

#include <gtest/gtest.h>

namespace geventd::ipc {
namespace {

/// A new file in memory; its inode tells it from others.
UniqueFd make_fd() {
    return UniqueFd::adopt(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

ino_t inode(const UniqueFd& fd) {
    struct stat status {};

    ::fstat(fd.get(), &status);
    return status.st_ino;
}

std::vector<UniqueFd> make_fds(std::size_t count) {
    std::vector<UniqueFd> fds;
    for (std::size_t made = 0; made < count; ++made) {
        fds.push_back(make_fd());
    }
    return fds;
}

TEST(NamedFds, AreFoundByNameOnTheOtherSide) {
    NamedFds sent;
    UniqueFd config = make_fd();
    std::vector<UniqueFd> listeners = make_fds(2);
    const ino_t known[] = {inode(config), inode(listeners[0]), inode(listeners[1])};
    sent.add_all("listener", std::move(listeners));
    sent.add("config", std::move(config));
    const std::string names = sent.names();
    EXPECT_EQ(names, "listener*2 config");

    NamedFds received(names, sent.release());
    EXPECT_EQ(inode(received.take("config")), known[0]);
    const std::vector<UniqueFd> taken = received.take_all("listener");
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(inode(taken[0]), known[1]);
    EXPECT_EQ(inode(taken[1]), known[2]);
    EXPECT_NO_THROW(received.expect_none());
}

TEST(NamedFds, MayBeNone) {
    NamedFds fds;
    fds.add_all("listener", {});
    EXPECT_EQ(fds.names(), "listener*0");
    NamedFds received(fds.names(), fds.release());
    EXPECT_TRUE(received.take_all("listener").empty());
    EXPECT_TRUE(received.take_all("unheard-of").empty());
    EXPECT_EQ(NamedFds("", {}).names(), "");
}

TEST(NamedFds, AreTakenOnceAndNoneIsForgotten) {
    NamedFds fds("config signals", make_fds(2));
    EXPECT_THROW(fds.take("scoreboard"), std::runtime_error);
    EXPECT_TRUE(fds.take("config"));
    EXPECT_THROW(fds.take("config"), std::runtime_error);
    EXPECT_THROW(fds.expect_none(), std::runtime_error);
}

TEST(NamedFds, AreAsManyAsAreNamed) {
    EXPECT_THROW(NamedFds("config signals", make_fds(1)), std::runtime_error);
    EXPECT_THROW(NamedFds("config", make_fds(2)), std::runtime_error);
    EXPECT_THROW(NamedFds("listener*18446744073709551615", make_fds(1)), std::runtime_error);
    EXPECT_THROW(NamedFds("listener*x", make_fds(1)), std::runtime_error);
}

}  // namespace
}  // namespace geventd::ipc
