// SPDX-License-Identifier: MIT
// What an application can do to the descriptors that drive a worker's loops.
#include "worker/process/own_descriptors.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/exit_code.h"
#include "base/fd.h"

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
    EXPECT_TRUE(descriptors.seem_well());
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

// As libev does when it finds events of a descriptor that it does not know.
TEST_F(OwnDescriptorsTest, SeesThatTheLoopHasAnEpollThatNobodyWatches) {
    const UniqueFd other = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    ASSERT_EQ(::epoll_ctl(other.get(), EPOLL_CTL_ADD, loop.wake_fd(), &event), 0);
    ::dup2(other.get(), loop.backend_fd());
    expect_lost(outer.get());
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
    add(outer.get());  // fails if outer watches it already
}

// Such as when gevent.reinit() has renewed libuv's epoll, until the hub polls.
TEST_F(OwnDescriptorsTest, BearWithAnEpollThatIsEmptyForAWhile) {
    outer = UniqueFd();
    outer = UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC));
    while (descriptors.seem_well()) {
    }
    for (int i = 0; i < 15; ++i) {
        EXPECT_FALSE(descriptors.seem_well());
    }
    add(outer.get());
    EXPECT_TRUE(descriptors.seem_well());
    EXPECT_EQ(descriptors.lost(), "");
}

TEST_F(OwnDescriptorsTest, EndTheProcessWhenTheyStayLost) {
    outer = UniqueFd();
    EXPECT_EXIT(
        for (int i = 0; i < 100; ++i) { descriptors.seem_well(); },
        ::testing::ExitedWithCode(static_cast<int>(ExitCode::LostDescriptor)), "");
}

/// The application replaces a descriptor that a loop watches.
class ForgetLostTest : public ::testing::Test {
  protected:
    void SetUp() override {
        io.bind<ForgetLostTest, &ForgetLostTest::ignore>(this);
        io.watch(number, event::Io::kRead);
        loop.run_pending();
    }

    void ignore(int) noexcept {}

    static void allow(int descriptors) {
        const auto most = static_cast<rlim_t>(descriptors);
        const rlimit limits{most, most};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limits), 0);
    }

    void expect_end(int descriptors) {
        EXPECT_EXIT(
            {
                allow(descriptors);
                forget_lost(io, number, copy.get());
                std::abort();
            },
            ::testing::ExitedWithCode(static_cast<int>(ExitCode::LostDescriptor)), "");
    }

    event::Loop loop;
    UniqueFd copy = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC));
    UniqueFd null = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    event::Io io{loop};
    int number = duplicate(copy.get()).release();
};

TEST_F(ForgetLostTest, LeavesWhatStandsThereAndTheLoopWatchesItNoMore) {
    ::dup2(null.get(), number);
    forget_lost(io, number, copy.get());
    EXPECT_FALSE(watches(loop.backend_fd(), number));
    EXPECT_EQ(::write(number, "", 1), 1);
    EXPECT_EQ(::fcntl(number, F_GETFD), 0);
}

TEST_F(ForgetLostTest, LeavesANumberFreeThatIsFree) {
    ::close(number);
    forget_lost(io, number, copy.get());
    EXPECT_LT(::fcntl(number, F_GETFD), 0);
}

TEST_F(ForgetLostTest, EndsTheProcessWhereThereIsNoDescriptorForWhatStandsThere) {
    ::dup2(null.get(), number);
    expect_end(number + 1);
}

TEST_F(ForgetLostTest, EndsTheProcessWhereTheNumberIsAboveTheLimit) {
    ::close(number);
    expect_end(number);
}

}  // namespace
}  // namespace geventd::worker
