// SPDX-License-Identifier: MIT
#include "master/process/spawner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cinttypes>
#include <cstdio>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/logger.h"
#include "master/process/environment.h"
#include "master/process/launch.h"
#include "master/process/proc_file.h"

namespace geventd::master {

namespace {

// The process overwrites its arguments with the title that ps shows.
constexpr std::size_t kRoomForTitle = 128;

// The master must not stand still when many workers start on a busy machine.
constexpr auto kExecPatience = std::chrono::milliseconds(200);

// Opens the master's log again, at a number above the child's other descriptors. A duplicate would
// share file flags with the master, and a child that clears O_NONBLOCK could make the master
// block. -1: not possible; the child opens its standard error or does without.
int open_log_anew() noexcept {
    const int log = log::unwaiting_descriptor();
    const UniqueFd own =
        UniqueFd::adopt(log < 0 ? -1
                                : ::open(fmt::format("/proc/self/fd/{}", log).c_str(),
                                         O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    return own ? ::fcntl(own.get(), F_DUPFD_CLOEXEC, ipc::kLogFd + 1) : -1;
}

// Runs in the child. Opens the log first, as the channel may get the log's number.
void prepare_child(int channel, const Identity& identity) {
    const int log = open_log_anew();
    ::setpgid(0, 0);
    const int null = ::open("/dev/null", O_RDONLY);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) {
        throw_errno("open", "/dev/null");
    }
    if (null != STDIN_FILENO) {
        ::close(null);
    }
    give_descriptor(channel, ipc::kChannelFd);
    if (log >= 0) {
        give_descriptor(log, ipc::kLogFd);
    }
    become(identity);
}

}  // namespace

Processes::Spawned Spawner::spawn(const Command& command) {
    auto [ours, theirs] = ipc::Channel::make_pair();
    Launch launch{
        .executable = command.executable,
        .arguments = command.arguments,
        .environment = changed_environment(command.environment),
        .prepare = [this, channel = theirs.fd()] { prepare_child(channel, identity_); },
        .last_fd = ipc::kLogFd,
        .patience = kExecPatience,
    };
    launch.arguments.emplace_back(kRoomForTitle, ' ');
    return {launch.run(), std::move(ours)};
}

void Spawner::kill(pid_t pid) noexcept {
    ::kill(pid, SIGKILL);
}

// The first thread of a worker runs its hub. kill() might choose another thread, so tgkill.
void Spawner::ask_for_stack(pid_t pid, ipc::StackOf which) noexcept {
    ::syscall(SYS_tgkill, pid, pid, ipc::stack_signal(which));
}

TimePoint Spawner::now() const {
    return Clock::now();
}

char Spawner::state(pid_t pid) const noexcept {
    return process_state(pid);
}

std::uint64_t Spawner::resident_bytes(pid_t pid) const noexcept {
    const auto text = read_proc_file(pid, "statm");
    std::uint64_t pages = 0;  // the second number in the file
    if (std::sscanf(text.data(), "%*u %" SCNu64, &pages) != 1) {
        return 0;
    }
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace geventd::master
