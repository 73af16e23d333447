// SPDX-License-Identifier: MIT
#include "base/fd.h"

#include <fcntl.h>

#include <utility>

#include <gtest/gtest.h>

namespace geventd {

namespace {

UniqueFd open_null() {
    return UniqueFd::adopt(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

TEST(UniqueFd, ClosesWhatItOwns) {
    int number = -1;
    {
        UniqueFd first = open_null();
        number = first.get();
        const UniqueFd second = std::move(first);
        EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, ClosesTheFormerOneWhenItGetsAnother) {
    UniqueFd owner = open_null();
    const int former = owner.get();
    owner = open_null();
    EXPECT_FALSE(is_open(former));
    EXPECT_TRUE(is_open(owner.get()));
}

TEST(OwnedFds, AreClosedAtOnce) {
    const UniqueFd owner = open_null();
    owned_fds::close_all();
    EXPECT_FALSE(is_open(owner.get()));
}

TEST(OwnedFds, LeaveAloneWhatIsNotOwned) {
    const int released = open_null().release();
    owned_fds::close_all();
    EXPECT_TRUE(is_open(released));
    ::close(released);
}

TEST(OwnedFds, AreNotClosedAgainWhenTheirNumberIsAnothers) {
    int number = -1;
    {
        const UniqueFd owner = open_null();
        owned_fds::close_all();
        number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ASSERT_EQ(number, owner.get());
    }
    EXPECT_TRUE(is_open(number));
    ::close(number);
}

}  // namespace geventd
