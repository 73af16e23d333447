// SPDX-License-Identifier: MIT
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <exception>

namespace geventd::testing {

/// Runs `body` in a forked child, whose process state it may change freely, and returns its result:
/// 0 to 254. 255: it threw or was killed.
template <typename Body>
int in_child(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            ::_exit(body());
        } catch (const std::exception&) {
            ::_exit(255);
        }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace geventd::testing
