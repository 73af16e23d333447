// SPDX-License-Identifier: MIT
#include "master/process/child_exit.h"

#include <sys/wait.h>

#include <csignal>
#include <string_view>

#include <fmt/core.h>

#include "master/process/signal_name.h"

namespace geventd::master {

namespace {

std::string_view meaning_of_code(int code) {
    switch (static_cast<ExitCode>(code)) {
        case ExitCode::ApplicationFailed:
            return ": the application cannot be loaded";
        case ExitCode::BootFailed:
            return ": Python or gevent cannot be used";
        case ExitCode::HookFailed:
            return ": uwsgi.post_fork_hook or hooks.post-fork failed";
        case ExitCode::Overtime:
            return ": it did not come to its end within its time";
        case ExitCode::LostDescriptor:
            return ": its application has closed the server's descriptors";
        case ExitCode::Internal:
            return ": an internal error";
        case ExitCode::Ok:
        case ExitCode::Config:
        case ExitCode::CommandLine:
            break;
    }
    return "";
}

std::string_view meaning_of_signal(int number) {
    switch (number) {
        case SIGKILL:
            return ", by hand or by the kernel for want of memory";
        case SIGSEGV:
        case SIGBUS:
        case SIGILL:
        case SIGFPE:
            return ", a crash in native code";
        case SIGABRT:
            return ", it gave up on an internal error";
        default:
            return "";
    }
}

}  // namespace

bool ChildExit::has_code(ExitCode code) const {
    return WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(code);
}

std::string describe(const ChildExit& exit, std::string_view reason) {
    if (WIFSIGNALED(exit.status)) {
        const int number = WTERMSIG(exit.status);
        if (number == SIGKILL && !reason.empty()) {
            return fmt::format("killed by the master: {}", reason);
        }
        return fmt::format("killed by {}{}{}", signal_name(number), meaning_of_signal(number),
                           WCOREDUMP(exit.status) ? " (core dumped)" : "");
    }
    const int code = WEXITSTATUS(exit.status);
    return fmt::format("exited with code {}{}", code, meaning_of_code(code));
}

}  // namespace geventd::master
