// SPDX-License-Identifier: MIT
#include "event/loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

namespace geventd::event {

namespace {

/// Whether an outer loop, such as gevent's, is told to run the nested one.
bool wants_a_turn(const Loop& loop, int milliseconds = 0) {
    pollfd watched{loop.backend_fd(), POLLIN, 0};
    return ::poll(&watched, 1, milliseconds) == 1;
}

/// Counts the events of one eventfd.
class Counter {
  public:
    explicit Counter(Loop& loop) : io_(loop) {
        io_.bind<Counter, &Counter::on_event>(this);
        io_.watch(fd_.get(), Io::kRead);
    }

    void signal() { ASSERT_EQ(::eventfd_write(fd_.get(), 1), 0); }

    /// Called in the loop's turn after an event.
    std::function<void()> then = [] {};
    int events = 0;

  private:
    void on_event(int) noexcept {
        eventfd_t value = 0;
        ::eventfd_read(fd_.get(), &value);
        ++events;
        then();
    }

    UniqueFd fd_ = UniqueFd::adopt(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    Io io_;
};

}  // namespace

TEST(Loop, ServesUntilItIsStopped) {
    Loop loop;
    Counter counter(loop);
    counter.then = [&] {
        if (counter.events < 3) {
            counter.signal();
        } else {
            loop.stop();
        }
    };
    counter.signal();
    loop.run();
    EXPECT_EQ(counter.events, 3);
}

TEST(Loop, RunPendingServesWhatIsReadyAndReturns) {
    Loop loop;
    Counter counter(loop);
    EXPECT_FALSE(loop.run_pending());
    EXPECT_EQ(counter.events, 0);
    counter.signal();
    EXPECT_TRUE(wants_a_turn(loop));
    EXPECT_FALSE(loop.run_pending());
    EXPECT_EQ(counter.events, 1);
    EXPECT_FALSE(wants_a_turn(loop));
}

// When a callback watches something new, libev adds it to epoll only in its next pass.
TEST(Loop, RunPendingHandsNewWatchersToTheKernel) {
    Loop loop;
    Counter first(loop);
    std::optional<Counter> second;
    first.then = [&] {
        second.emplace(loop);
        second->signal();
    };
    first.signal();
    EXPECT_FALSE(loop.run_pending());
    EXPECT_EQ(second->events, 1);
}

// The kernel does not know of a watcher that changes outside a turn; the outer loop has to run
// one.
TEST(Loop, AsksForATurnWhenAWatcherChangesOutsideOne) {
    Loop loop;
    loop.run_pending();
    ASSERT_FALSE(wants_a_turn(loop));
    Counter counter(loop);
    EXPECT_TRUE(wants_a_turn(loop));
    loop.run_pending();
    EXPECT_FALSE(wants_a_turn(loop));
    counter.signal();
    EXPECT_TRUE(wants_a_turn(loop));
}

TEST(Loop, IsWokenFromAnotherThread) {
    Loop loop;
    loop.run_pending();
    std::thread other([&] {
        loop.wake();
        loop.wake();
    });
    EXPECT_TRUE(wants_a_turn(loop, -1));
    other.join();
    loop.run_pending();
    EXPECT_FALSE(wants_a_turn(loop));
}

// Two callbacks that trigger each other forever must not keep the hub from its other greenlets.
TEST(Loop, AsksForAnotherTurnWhenCallbacksChangeWatchersAgainAndAgain) {
    Loop loop;
    Io restless(loop);

    struct Flip {
        Io& io;
        int fd;

        void flip(int events) noexcept {
            io.watch(fd, events == Io::kWrite ? Io::kRead | Io::kWrite : Io::kWrite);
        }
    };

    const UniqueFd fd = UniqueFd::adopt(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
    Flip flip{restless, fd.get()};
    restless.bind<Flip, &Flip::flip>(&flip);
    restless.watch(fd.get(), Io::kWrite);
    EXPECT_TRUE(loop.run_pending());
    restless.stop();
    EXPECT_FALSE(loop.run_pending());
}

TEST(Loop, KeepsItsDescriptorsAmongOurs) {
    int backend = -1;
    {
        const Loop loop;
        backend = loop.backend_fd();
        EXPECT_TRUE(owned_fds::remove(backend));
        owned_fds::add(backend);
    }
    EXPECT_FALSE(owned_fds::remove(backend));
}

TEST(Loop, ItsTimeStandsStillWithinATurn) {
    Loop loop;
    const TimePoint before = loop.now();
    EXPECT_EQ(loop.now(), before);
    EXPECT_GE(loop.refresh_now(), before);
    EXPECT_EQ(loop.now(), loop.now());
}

}  // namespace geventd::event
