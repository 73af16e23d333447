// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include <gtest/gtest.h>

#include "event/loop.h"

namespace geventd::event {

namespace {

/// Two connected sockets, of which `ours` is watched.
class IoTest : public ::testing::Test {
  protected:
    IoTest() : io(loop) {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        ours = UniqueFd::adopt(ends[0]);
        theirs = UniqueFd::adopt(ends[1]);
        io.bind<IoTest, &IoTest::on_event>(this);
    }

    ~IoTest() override { io.stop(); }

    void on_event(int events) noexcept { told.push_back(events); }

    std::vector<int> turn() {
        told.clear();
        loop.run_pending();
        return told;
    }

    void speak() { ASSERT_EQ(::send(theirs.get(), "x", 1, 0), 1); }

    Loop loop;
    UniqueFd ours;
    UniqueFd theirs;
    Io io;
    std::vector<int> told;
};

}  // namespace

TEST_F(IoTest, TellsOfWhatItWatchesForOnly) {
    speak();
    io.watch(ours.get(), Io::kWrite);
    EXPECT_EQ(turn(), std::vector<int>{Io::kWrite});
    io.watch(ours.get(), Io::kRead | Io::kWrite);
    EXPECT_EQ(turn(), std::vector<int>{Io::kRead | Io::kWrite});
    io.watch(ours.get(), Io::kRead);
    EXPECT_EQ(turn(), std::vector<int>{Io::kRead});
}

TEST_F(IoTest, TellsNothingOnceItIsStopped) {
    io.watch(ours.get(), Io::kRead);
    EXPECT_TRUE(io.active());
    EXPECT_EQ(io.events(), Io::kRead);
    speak();
    io.stop();
    EXPECT_FALSE(io.active());
    EXPECT_EQ(io.events(), 0);
    EXPECT_TRUE(turn().empty());
}

TEST_F(IoTest, ItsOwnerCanStopItFromTheCallback) {
    struct Once {
        Io& io;
        int calls = 0;

        void on_event(int) noexcept {
            ++calls;
            io.stop();
        }
    };

    Once once{io};
    io.bind<Once, &Once::on_event>(&once);
    io.watch(ours.get(), Io::kWrite);
    loop.run_pending();
    loop.run_pending();
    EXPECT_EQ(once.calls, 1);
}

// A socket that is still open by a copy, for instance in another process, would still be reported.
TEST_F(IoTest, ForgetTakesTheDescriptorOutOfEpoll) {
    const auto is_unknown = [this] {
        epoll_event nothing{};
        return ::epoll_ctl(loop.backend_fd(), EPOLL_CTL_MOD, ours.get(), &nothing) != 0 &&
               errno == ENOENT;
    };
    io.watch(ours.get(), Io::kRead);
    loop.run_pending();
    EXPECT_FALSE(is_unknown());
    io.stop();
    loop.run_pending();
    EXPECT_FALSE(is_unknown());  // libev leaves it there until it sees an event
    io.forget();
    EXPECT_TRUE(is_unknown());
}

TEST_F(IoTest, ForgetIsHarmlessWhereNothingWasWatched) {
    io.forget();
    io.watch(ours.get(), Io::kRead);
    io.forget();
    speak();
    EXPECT_TRUE(turn().empty());
}

TEST_F(IoTest, IntroduceSaysWhatEpollDoesNotTake) {
    EXPECT_EQ(io.introduce(ours.get()), 0);
    EXPECT_EQ(io.introduce(ours.get()), 0);
    EXPECT_EQ(io.introduce(-1), EBADF);
    const UniqueFd plain = UniqueFd::adopt(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(io.introduce(plain.get()), EPERM);
}

TEST_F(IoTest, WatchesWhatWasIntroduced) {
    ASSERT_EQ(io.introduce(ours.get()), 0);
    io.watch(ours.get(), Io::kRead);
    speak();
    EXPECT_EQ(turn(), std::vector<int>{Io::kRead});
}

}  // namespace geventd::event
