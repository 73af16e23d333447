// SPDX-License-Identifier: MIT
#include "master/process/spawner.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <fmt/core.h>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

void check(int code, const char* deed) {
    if (code != 0) {
        throw ErrnoError(code, deed);
    }
}

class FileActions {
  public:
    explicit FileActions(int channel) {
        check(::posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init");
        // Onto its own number this clears CLOEXEC, as wanted.
        check(::posix_spawn_file_actions_adddup2(&actions_, channel, ipc::kChannelFd), "dup2");
        check(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
              "open /dev/null");
    }

    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

class Attributes {
  public:
    Attributes() {
        check(::posix_spawnattr_init(&attributes_), "posix_spawnattr_init");
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }

    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }

    [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

}  // namespace

Processes::Spawned Spawner::spawn(const std::string& executable,
                                  const std::vector<std::string>& arguments) {
    auto [ours, theirs] = ipc::Channel::make_pair();
    const FileActions actions(theirs.fd());
    const Attributes attributes;
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    pid_t pid = 0;
    check(::posix_spawn(&pid, executable.c_str(), actions.get(), attributes.get(), argv.data(),
                        environ),
          fmt::format("start {}", executable).c_str());
    return {pid, std::move(ours)};
}

void Spawner::kill(pid_t pid) noexcept {
    ::kill(pid, SIGKILL);
}

TimePoint Spawner::now() const {
    return Clock::now();
}

std::uint64_t Spawner::resident_bytes(pid_t pid) const noexcept {
    std::array<char, 128> text{};
    const UniqueFd file =
        UniqueFd::adopt(::open(fmt::format("/proc/{}/statm", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::read(file.get(), text.data(), text.size() - 1) <= 0) {
        return 0;
    }
    unsigned long long pages = 0;  // the second number
    if (std::sscanf(text.data(), "%*u %llu", &pages) != 1) {
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
    const std::filesystem::path here =
        std::filesystem::read_symlink("/proc/self/exe").parent_path();
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
