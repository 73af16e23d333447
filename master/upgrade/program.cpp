// SPDX-License-Identifier: MIT
#include "master/upgrade/program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/fd.h"
#include "master/process/launch.h"

namespace geventd::master {

namespace {

constexpr const char* kVariable = "GEVENTD_SUCCEEDS";
constexpr int kLineFd = 3;

// An operator waits for the answer, which should say why the program cannot be started.
constexpr auto kExecPatience = std::chrono::seconds(2);

bool is_this_program(const std::string& path) {
    struct stat named {};

    struct stat running {};

    return ::stat(path.c_str(), &named) == 0 && ::stat("/proc/self/exe", &running) == 0 &&
           named.st_dev == running.st_dev && named.st_ino == running.st_ino;
}

/// Finds the program that a shell would start by that name.
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

// A file in memory that holds the text, to be read from its beginning; none without a text.
UniqueFd memory_file(const std::optional<std::string>& text) {
    if (!text) {
        return {};
    }
    UniqueFd file = UniqueFd::adopt(::memfd_create("input", MFD_CLOEXEC));
    if (!file) {
        throw_errno("memfd_create");
    }
    for (std::size_t at = 0; at < text->size();) {
        const ssize_t written =
            ::pwrite(file.get(), text->data() + at, text->size() - at, static_cast<off_t>(at));
        if (written < 0) {
            throw_errno("write the configuration");
        }
        at += static_cast<std::size_t>(written);
    }
    return file;
}

// Who, besides root, may change the file itself, which need not be there.
std::string who_may_write(const Place& place, const Tenant& tenant) {
    struct stat file {};

    if (::fstatat(place.folder.get(), place.name.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0) {
        return {};
    }
    if (file.st_uid == tenant.user || !is_trusted(file.st_uid)) {
        return fmt::format("it belongs to {}", user_text(file.st_uid));
    }
    if ((file.st_mode & S_IWOTH) != 0) {
        return "everybody may write to it";
    }
    const bool is_tenants =
        std::find(tenant.groups.begin(), tenant.groups.end(), file.st_gid) != tenant.groups.end();
    return (file.st_mode & S_IWGRP) != 0 && (file.st_gid != 0 || is_tenants)
               ? "its group may write to it"
               : "";
}

// Runs in the child.
void prepare_child(int line, int input) {
    if (input >= 0) {
        give_descriptor(input, STDIN_FILENO);
    }
    give_descriptor(line, kLineFd);
    ::setenv(kVariable, fmt::format("{}", kLineFd).c_str(), 1);
    if (std::getenv("WATCHDOG_PID") != nullptr) {
        // systemd expects the pid of the main process here, which the new master will become.
        ::setenv("WATCHDOG_PID", fmt::format("{}", ::getpid()).c_str(), 1);
    }
}

}  // namespace

Program Program::of_this_process(int argc, const char* const* argv) {
    Program program;
    program.arguments.assign(argv, argv + argc);
    program.path = argc > 0 ? find_by_name(argv[0]) : std::string();
    if (!is_this_program(program.path)) {
        std::error_code no_proc;  // then argv[0] has to do
        const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", no_proc);
        program.path = no_proc ? program.path : own.string();
    }
    return program;
}

Program::Started Program::start_successor() const {
    auto [ours, theirs] = UpgradeLine::make_pair();
    const UniqueFd kept = memory_file(input);
    const Launch launch{
        .executable = path,
        .arguments = arguments,
        .prepare = [line = theirs.fd(), in = kept.get()] { prepare_child(line, in); },
        .last_fd = kLineFd,
        .patience = kExecPatience,
    };
    return {launch.run(), std::move(ours)};
}

std::string Program::who_may_replace_it(const Tenant& tenant) const {
    try {
        const Place place = find_place(path, path, LastLink::Follow, tenant);
        return place.strangers.empty() ? who_may_write(place, tenant) : place.strangers.text();
    } catch (const std::exception& error) {
        return error.what();  // begins with the path
    }
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
