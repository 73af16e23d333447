// SPDX-License-Identifier: MIT
#include "master/process/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <system_error>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "base/fd.h"
#include "base/uninterrupted.h"
#include "master/process/proc_file.h"

namespace geventd::master {

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(20);

void reset_signals() noexcept {
    struct sigaction standard {};

    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) {
        ::sigaction(number, &standard, nullptr);  // fails for some, such as SIGKILL
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// As exec wants them, with a nullptr at the end.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        pointers.push_back(const_cast<char*>(text.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

// Runs in the child. Moves the pipe away first: `prepare` may need its number for a descriptor.
[[noreturn]] void become_program(const Launch& launch, const std::vector<char*>& argv,
                                 const std::vector<char*>& environment, int pipe) noexcept {
    const int out = ::fcntl(pipe, F_DUPFD_CLOEXEC, launch.last_fd + 1);
    reset_signals();
    int code = 0;
    try {
        launch.prepare();
        ::execve(launch.executable.c_str(), argv.data(),
                 environment.empty() ? environ : environment.data());
        code = errno;
    } catch (const std::system_error& error) {
        code = error.code().value();
    }
    ::signal(SIGPIPE, SIG_IGN);  // the master may not be waiting any more
    [[maybe_unused]] const auto written = ::write(out, &code, sizeof code);
    ::_exit(static_cast<int>(ExitCode::Internal));
}

// The child's errno if it failed before or in exec; 0 when exec succeeded, which closes the pipe.
// ETIME when the child was stopped, which another user can do once the child runs as that user.
int await_exec(const UniqueFd& pipe, pid_t pid, std::chrono::milliseconds patience) {
    pollfd readable{pipe.get(), POLLIN, 0};
    std::chrono::milliseconds waited{};
    while (::poll(&readable, 1, static_cast<int>(kLookEvery.count())) <= 0) {
        waited += kLookEvery;
        if (process_state(pid) == 'T') {
            return ETIME;
        }
        if (waited >= patience) {
            return 0;
        }
    }
    int code = 0;
    const ssize_t got = uninterrupted([&] { return ::read(pipe.get(), &code, sizeof code); });
    return got == sizeof code ? code : 0;
}

}  // namespace

pid_t Launch::run() const {
    const std::vector<char*> argv = pointers_to(arguments);
    const std::vector<char*> variables =
        environment ? pointers_to(*environment) : std::vector<char*>();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw_errno("pipe");
    }
    const UniqueFd reader = UniqueFd::adopt(ends[0]);
    UniqueFd writer = UniqueFd::adopt(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw_errno("fork");
    }
    if (pid == 0) {
        become_program(*this, argv, variables, writer.get());
    }
    writer.reset();
    if (const int code = await_exec(reader, pid, patience); code != 0) {
        ::kill(pid, SIGKILL);
        // A child that hangs in the kernel is left to the reaper.
        ::waitpid(pid, nullptr, code == ETIME ? WNOHANG : 0);
        throw ErrnoError(code, fmt::format("start {}{}", executable,
                                           code == ETIME ? ": its process was stopped" : ""));
    }
    return pid;
}

// dup2() with equal numbers does nothing, so it would not clear CLOEXEC either.
void give_descriptor(int fd, int number) {
    if (fd == number ? ::fcntl(fd, F_SETFD, 0) < 0 : ::dup2(fd, number) < 0) {
        throw_errno("dup2");
    }
}

}  // namespace geventd::master
