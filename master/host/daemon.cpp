// SPDX-License-Identifier: MIT
#include "master/host/daemon.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

/// The starting process waits for the daemon's report and exits with it.
[[noreturn]] void wait_and_leave(const UniqueFd& daemon) {
    std::uint8_t code = 0;
    ssize_t got = 0;
    do {
        got = ::read(daemon.get(), &code, 1);
    } while (got < 0 && errno == EINTR);
    ::_exit(got == 1 ? code : static_cast<int>(ExitCode::Internal));
}

pid_t checked_fork() {
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw_errno("fork");
    }
    return pid;
}

}  // namespace

Daemon Daemon::start() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw_errno("pipe");
    }
    UniqueFd reader = UniqueFd::adopt(ends[0]);
    UniqueFd writer = UniqueFd::adopt(ends[1]);
    if (const pid_t middle = checked_fork(); middle != 0) {
        writer.reset();
        ::waitpid(middle, nullptr, 0);
        wait_and_leave(reader);
    }
    reader.reset();
    if (::setsid() < 0) {
        throw_errno("setsid");
    }
    // A process that is not a session leader cannot acquire a terminal by opening one.
    if (checked_fork() != 0) {
        ::_exit(0);
    }
    return Daemon(std::move(writer));
}

void Daemon::ready(bool logs_to_stderr) {
    const UniqueFd null = UniqueFd::adopt(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) {
        throw_errno("open", "/dev/null");
    }
    for (int fd = STDIN_FILENO; fd <= (logs_to_stderr ? STDOUT_FILENO : STDIN_FILENO); ++fd) {
        if (::dup2(null.get(), fd) < 0) {
            throw_errno("dup2");
        }
    }
    tell(ExitCode::Ok);
}

void Daemon::tell(ExitCode code) noexcept {
    const auto byte = static_cast<std::uint8_t>(code);
    // The starter may be gone already; the master ignores SIGPIPE.
    [[maybe_unused]] const ssize_t written = ::write(starter_.get(), &byte, 1);
    starter_.reset();
}

}  // namespace geventd::master
