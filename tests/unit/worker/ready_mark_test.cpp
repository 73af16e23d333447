// SPDX-License-Identifier: MIT
#include "worker/websocket/ready_mark.h"

#include <poll.h>
#include <unistd.h>

#include <array>

#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

bool is_readable(int fd) {
    pollfd watched{fd, POLLIN, 0};
    return ::poll(&watched, 1, 0) == 1;
}

TEST(ReadyMark, IsReadableWhileItIsShown) {
    ReadyMark mark;
    mark.show(true);  // nobody has asked yet
    const int fd = mark.fd(true);
    EXPECT_TRUE(is_readable(fd));
    mark.show(false);
    EXPECT_FALSE(is_readable(fd));
    mark.show(true);
    EXPECT_TRUE(is_readable(fd));
    EXPECT_EQ(mark.fd(true), fd);
}

TEST(ReadyMark, LeavesAloneWhatHasTheNumberOfOneThatWasClosed) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    {
        ReadyMark mark;
        const int fd = mark.fd(false);
        ASSERT_EQ(::dup2(pipe[1], fd), fd);
        mark.show(true);
        EXPECT_FALSE(is_readable(pipe[0]));
        EXPECT_NE(mark.fd(true), fd) << "there is another one";
        EXPECT_TRUE(is_readable(mark.fd(true)));
        ::close(pipe[1]);
        pipe[1] = fd;
    }
    EXPECT_EQ(::write(pipe[1], "x", 1), 1) << "it is not closed";
    ::close(pipe[0]);
    ::close(pipe[1]);
}

}  // namespace
}  // namespace geventd::worker
