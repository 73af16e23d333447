// SPDX-License-Identifier: MIT
#include "master/upgrade/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/exit_code.h"

namespace geventd::master {

namespace {

constexpr const char* kVariable = "GEVENTD_SUCCEEDS";
constexpr int kLineFd = 3;

bool is_this_program(const std::string& path) {
    struct stat named {};

    struct stat running {};

    return ::stat(path.c_str(), &named) == 0 && ::stat("/proc/self/exe", &running) == 0 &&
           named.st_dev == running.st_dev && named.st_ino == running.st_ino;
}

/// What a shell would have started by that name.
std::string find_by_name(const std::string& name) {
    if (name.find('/') != std::string::npos) {
        return std::filesystem::absolute(name).lexically_normal();
    }
    const char* path = std::getenv("PATH");
    std::string_view folders = path == nullptr ? "" : path;
    while (!folders.empty()) {
        const std::string_view folder = folders.substr(0, folders.find(':'));
        folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
        const std::filesystem::path candidate = std::filesystem::absolute(folder) / name;
        if (is_this_program(candidate)) {
            return candidate;
        }
    }
    return {};
}

// In the child, between fork and exec.
void prepare_child(int line) {
    struct sigaction standard {};

    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) {
        ::sigaction(number, &standard, nullptr);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (line == kLineFd ? ::fcntl(line, F_SETFD, 0) < 0 : ::dup2(line, kLineFd) < 0) {
        throw_errno("dup2");
    }
    ::setenv(kVariable, fmt::format("{}", kLineFd).c_str(), 1);
    if (std::getenv("WATCHDOG_PID") != nullptr) {
        // systemd names the main process, which the new master is going to be.
        ::setenv("WATCHDOG_PID", fmt::format("{}", ::getpid()).c_str(), 1);
    }
}

}  // namespace

Program Program::of_this_process(int argc, const char* const* argv) {
    Program program;
    program.arguments.assign(argv, argv + argc);
    program.path = argc > 0 ? find_by_name(argv[0]) : std::string();
    if (!is_this_program(program.path)) {
        std::error_code no_proc;  // then what was typed has to do
        const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", no_proc);
        program.path = no_proc ? program.path : own.string();
    }
    return program;
}

Program::Started Program::start_successor() const {
    auto [ours, theirs] = UpgradeLine::make_pair();
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
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
        int code = 0;
        const int out = ::fcntl(writer.get(), F_DUPFD_CLOEXEC, kLineFd + 1);
        try {
            prepare_child(theirs.fd());
            ::execv(path.c_str(), argv.data());
            code = errno;
        } catch (const ErrnoError& error) {
            code = error.code().value();
        }
        [[maybe_unused]] const auto written = ::write(out, &code, sizeof code);
        ::_exit(static_cast<int>(ExitCode::Internal));
    }
    writer.reset();
    int code = 0;
    ssize_t got = 0;
    do {
        got = ::read(reader.get(), &code, sizeof code);
    } while (got < 0 && errno == EINTR);
    if (got == sizeof code) {
        ::waitpid(pid, nullptr, 0);
        throw ErrnoError(code, "start " + path);
    }
    return {pid, std::move(ours)};
}

UpgradeLine take_line_to_former() {
    const char* value = std::getenv(kVariable);
    if (value == nullptr || value != fmt::format("{}", kLineFd)) {
        return {};
    }
    ::unsetenv(kVariable);

    struct stat found {};

    if (::fstat(kLineFd, &found) != 0 || !S_ISSOCK(found.st_mode)) {
        return {};
    }
    set_cloexec(kLineFd, true);
    return UpgradeLine(UniqueFd::adopt(kLineFd));
}

}  // namespace geventd::master
