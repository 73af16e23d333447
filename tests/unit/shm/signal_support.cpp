// SPDX-License-Identifier: MIT
#include "signal_support.h"

namespace geventd::shm {

namespace {

unsigned steps_left = 0;

void count_step() {
    if (--steps_left == 0) {
        step_hook = nullptr;
        ::raise(SIGSTOP);
    }
}

}  // namespace

bool stop_at_step(unsigned step, const std::function<void()>& deed,
                  const std::function<void()>& meanwhile, bool resume) {
    const pid_t child = ::fork();
    if (child == 0) {
        steps_left = step;
        step_hook = count_step;
        deed();
        ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, WUNTRACED), child);
    if (!WIFSTOPPED(status)) {
        EXPECT_TRUE(WIFEXITED(status)) << "the deed failed before step " << step;
        return false;
    }
    meanwhile();
    ::kill(child, resume ? SIGCONT : SIGKILL);
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return true;
}

}  // namespace geventd::shm
