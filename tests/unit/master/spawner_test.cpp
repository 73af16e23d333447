// SPDX-License-Identifier: MIT
#include "master/process/spawner.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/errno_error.h"

namespace geventd::master {
namespace {

TEST(Spawner, SaysWhyThereIsNoProcess) {
    Spawner spawner;
    try {
        spawner.spawn({"/there/is/none", {"none"}, {}});
        FAIL();
    } catch (const ErrnoError& error) {
        EXPECT_EQ(error.code().value(), ENOENT);
    }
}

/// Stops each child of the test's own thread as soon as it exists.
class Stopper {
  public:
    Stopper()
        : children_(fmt::format("/proc/self/task/{}/children", ::syscall(SYS_gettid))),
          thread_([this] { run(); }) {}

    ~Stopper() {
        over_ = true;
        thread_.join();
    }

  private:
    void run() {
        pid_t stopped = 0;
        while (!over_) {
            pid_t child = 0;
            if (std::ifstream(children_) >> child && child != stopped) {
                ::kill(child, SIGSTOP);
                stopped = child;
            }
        }
    }

    const std::string children_;
    std::atomic<bool> over_{false};
    std::thread thread_;
};

// It depends on chance whether the process is stopped before it runs, as a process of another user
// can be.
TEST(Spawner, DoesNotWaitForAProcessThatIsStopped) {
    Spawner spawner;
    const Stopper stopper;
    bool was_stopped = false;
    for (int attempt = 0; attempt < 200 && !was_stopped; ++attempt) {
        const auto begin = std::chrono::steady_clock::now();
        try {
            const Processes::Spawned spawned = spawner.spawn({"/bin/sleep", {"sleep", "60"}, {}});
            ::kill(spawned.pid, SIGKILL);
            ::waitpid(spawned.pid, nullptr, 0);
        } catch (const ErrnoError& error) {
            ASSERT_EQ(error.code().value(), ETIME);
            was_stopped = true;
        }
        ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    }
    if (!was_stopped) {
        GTEST_SKIP() << "it was never stopped in time";
    }
    ::waitpid(-1, nullptr, 0);
}

}  // namespace
}  // namespace geventd::master
