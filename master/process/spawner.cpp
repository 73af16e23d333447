// SPDX-License-Identifier: MIT
#include "master/process/spawner.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

// The process writes what ps shows of it over its arguments.
constexpr std::size_t kRoomForTitle = 128;

// Milliseconds from fork to exec, while the master stands still. A busy machine may need more: then
// the master goes on, and what comes of the exec shows as with any other start.
constexpr int kExecPatience = 200;
constexpr int kLookEvery = 20;

// Runs in the child, between fork and exec, in a copy of a process that has one thread.
void prepare_child(int channel, int log, const Identity& identity) {
    struct sigaction standard {};

    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) {
        ::sigaction(number, &standard, nullptr);  // of some it cannot be changed
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setpgid(0, 0);
    const int null = ::open("/dev/null", O_RDONLY);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) {
        throw_errno("open", "/dev/null");
    }
    if (null != STDIN_FILENO) {
        ::close(null);
    }
    // dup2 onto its own number does nothing: neither would it clear CLOEXEC.
    if (channel == ipc::kChannelFd ? ::fcntl(channel, F_SETFD, 0) < 0
                                   : ::dup2(channel, ipc::kChannelFd) < 0) {
        throw_errno("dup2");
    }
    if (log >= 0 && ::dup2(log, ipc::kLogFd) < 0) {
        throw_errno("dup2");
    }
    for (const char* mine : {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}) {
        ::unsetenv(mine);  // the service manager's word to the master
    }
    become(identity);
}

// The master's log as a descriptor of the child's own, above those that it is to get: the flags of
// a duplicate would be the master's as well, which must not wait for a reader if the child clears
// O_NONBLOCK. -1: the child has none, and opens its standard error or goes without.
int open_log_anew() noexcept {
    const int log = log::unwaiting_descriptor();
    const UniqueFd own =
        UniqueFd::adopt(log < 0 ? -1
                                : ::open(fmt::format("/proc/self/fd/{}", log).c_str(),
                                         O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    return own ? ::fcntl(own.get(), F_DUPFD_CLOEXEC, ipc::kLogFd + 1) : -1;
}

// The beginning of a file in /proc/PID; "" when there is none.
std::array<char, 128> read_fact(pid_t pid, std::string_view name) noexcept {
    std::array<char, 128> text{};
    const UniqueFd file = UniqueFd::adopt(
        ::open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0) {
        text[0] = '\0';
    }
    return text;
}

// The name in parentheses before it may hold anything, and has 15 characters at most.
char state_of(pid_t pid) noexcept {
    const auto text = read_fact(pid, "stat");
    const char* name_end = std::strrchr(text.data(), ')');
    return name_end != nullptr && name_end[1] == ' ' ? name_end[2] : '\0';
}

// The child's errno before its exec succeeded; 0 when it did: the pipe closes on exec. The child
// may belong to another user by then, who can stop it: ETIME.
int await_exec(const UniqueFd& pipe, pid_t pid) {
    pollfd readable{pipe.get(), POLLIN, 0};
    for (int waited = 0; ::poll(&readable, 1, kLookEvery) <= 0;) {
        waited += kLookEvery;
        if (state_of(pid) == 'T') {
            return ETIME;
        }
        if (waited >= kExecPatience) {
            return 0;
        }
    }
    int code = 0;
    ssize_t got = 0;
    do {
        got = ::read(pipe.get(), &code, sizeof code);
    } while (got < 0 && errno == EINTR);
    return got == sizeof code ? code : 0;
}

}  // namespace

Processes::Spawned Spawner::spawn(const std::string& executable,
                                  const std::vector<std::string>& arguments) {
    auto [ours, theirs] = ipc::Channel::make_pair();
    std::vector<char*> argv;
    std::string room(kRoomForTitle, ' ');
    argv.reserve(arguments.size() + 2);
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(room.data());
    argv.push_back(nullptr);
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
        exec_child(executable, argv, theirs.fd(), writer.get());
    }
    writer.reset();
    if (const int code = await_exec(reader, pid); code != 0) {
        ::kill(pid, SIGKILL);
        // One that the kernel keeps is left to the reaper.
        ::waitpid(pid, nullptr, code == ETIME ? WNOHANG : 0);
        throw ErrnoError(code, fmt::format("start {}{}", executable,
                                           code == ETIME ? ": its process was stopped" : ""));
    }
    return {pid, std::move(ours)};
}

// The channel and the log may take the numbers of other descriptors, so those move away first.
void Spawner::exec_child(const std::string& executable, const std::vector<char*>& argv, int channel,
                         int errors) const noexcept {
    const int out = ::fcntl(errors, F_DUPFD_CLOEXEC, ipc::kLogFd + 1);
    const int log = open_log_anew();
    int code = 0;
    try {
        prepare_child(channel, log, identity_);
        ::execve(executable.c_str(), argv.data(), environ);
        code = errno;
    } catch (const std::system_error& error) {
        code = error.code().value();
    }
    ::signal(SIGPIPE, SIG_IGN);  // the master may not wait any more
    [[maybe_unused]] const auto written = ::write(out, &code, sizeof code);
    ::_exit(static_cast<int>(ExitCode::Internal));
}

void Spawner::kill(pid_t pid) noexcept {
    ::kill(pid, SIGKILL);
}

// The first thread of a worker runs its hub. tgkill, as kill() may pick another one.
void Spawner::ask_for_stack(pid_t pid, ipc::StackOf which) noexcept {
    ::syscall(SYS_tgkill, pid, pid, ipc::stack_signal(which));
}

TimePoint Spawner::now() const {
    return Clock::now();
}

char Spawner::state(pid_t pid) const noexcept {
    return state_of(pid);
}

std::uint64_t Spawner::resident_bytes(pid_t pid) const noexcept {
    const auto text = read_fact(pid, "statm");
    std::uint64_t pages = 0;  // the second number
    if (std::sscanf(text.data(), "%*u %" SCNu64, &pages) != 1) {
        return 0;
    }
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string find_worker_executable(std::string_view python) {
    if (const char* named = std::getenv("GEVENTD_WORKER"); named != nullptr && *named != '\0') {
        return named;
    }
    const std::string name =
        python.empty() ? "geventd-worker" : fmt::format("geventd-worker-{}", python);
    std::error_code no_proc;
    const std::filesystem::path here =
        std::filesystem::read_symlink("/proc/self/exe", no_proc).parent_path();
    const std::array<std::string, 3> places = {here / name, here / "worker" / name,
                                               std::filesystem::path(GEVENTD_LIBEXEC) / name};
    for (const std::string& place : places) {
        if (::access(place.c_str(), X_OK) == 0) {
            return place;
        }
    }
    throw std::runtime_error(
        fmt::format("{}there is no {}; looked for {}, {} and {}",
                    python.empty() ? "" : fmt::format("app.python is {}, but ", python), name,
                    places[0], places[1], places[2]));
}

}  // namespace geventd::master
