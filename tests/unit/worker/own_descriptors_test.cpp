// SPDX-License-Identifier: MIT
// What an application can do to the descriptors by which a worker's turns come.
#include "worker/own_descriptors.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace geventd::worker {
namespace {

class OwnDescriptorsTest : public ::testing::Test {
  protected:
    void SetUp() override {
        add(outer.get());
        descriptors.guard(loop);
        ASSERT_EQ(descriptors.lost(), "");
    }

    void add(int epoll) {
        epoll_event event{};
        event.events = EPOLLIN;
        ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, loop.backend_fd(), &event), 0);
    }

    void expect_lost(int number) {
        EXPECT_EQ(descriptors.lost().find("descriptor " + std::to_string(number) + ", "), 0U)
            << descriptors.lost();
    }

    event::Loop loop;
    UniqueFd outer = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    OwnDescriptors descriptors;
};

TEST_F(OwnDescriptorsTest, NamesAnEpollThatWasClosedOrReplaced) {
    const int number = outer.get();
    outer.reset();
    expect_lost(number);
    outer = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    ASSERT_EQ(outer.get(), number);
    EXPECT_NE(descriptors.lost(), "");
    const UniqueFd null = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(null.get(), number);
    expect_lost(number);
    descriptors.leave();
    EXPECT_EQ(descriptors.lost(), "");
}

TEST_F(OwnDescriptorsTest, NamesTheEpollOfTheLoopAndWhatWakesIt) {
    const UniqueFd kept = duplicate(loop.backend_fd());
    const UniqueFd null = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(null.get(), loop.backend_fd());
    expect_lost(loop.backend_fd());
    ::dup2(kept.get(), loop.backend_fd());
    EXPECT_EQ(descriptors.lost(), "");
    const UniqueFd other = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC));
    ::dup2(other.get(), loop.wake_fd());
    expect_lost(loop.wake_fd());
}

// As libev does where it finds events of a descriptor that it does not know.
TEST_F(OwnDescriptorsTest, SeesThatTheLoopHasAnEpollThatNobodyWatches) {
    const UniqueFd other = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    ASSERT_EQ(::epoll_ctl(other.get(), EPOLL_CTL_ADD, loop.wake_fd(), &event), 0);
    ::dup2(other.get(), loop.backend_fd());
    expect_lost(loop.backend_fd());
}

TEST_F(OwnDescriptorsTest, FollowsAnEpollThatWasMadeAnew) {
    const UniqueFd other = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    add(other.get());
    outer.reset();
    EXPECT_EQ(descriptors.lost(), "");
    EXPECT_EQ(descriptors.lost(), "");
}

TEST_F(OwnDescriptorsTest, LeavesNoTraceInAnEpollOfTheApplications) {
    outer = UniqueFd();
    outer = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    EXPECT_NE(descriptors.lost(), "");
    add(outer.get());  // fails when it is there
}

}  // namespace
}  // namespace geventd::worker
