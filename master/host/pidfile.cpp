// SPDX-License-Identifier: MIT
#include "master/host/pidfile.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

// Anybody else who could open the lock file could lock it and so prevent the next start.
constexpr mode_t kLockMode = 0600;
constexpr mode_t kMode = 0644;

std::string pid_in(int fd) {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view line(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return std::string(line.substr(0, line.find_first_not_of("0123456789")));
}

}  // namespace

Pidfile::Pidfile(const std::string& path, const std::optional<Tenant>& tenant)
    : path_(std::filesystem::absolute(path).string()),
      place_(find_place("pidfile " + path_, path_, LastLink::Leave, tenant)),
      lock_name_(place_.name + ".lock") {
    lock();
    try {
        write_own_pid();
    } catch (const ErrnoError&) {
        ::unlinkat(place_.folder.get(), lock_name_.c_str(), 0);
        throw;
    }
    warn_of_strangers(tenant);
}

Pidfile::Pidfile(const std::string& path, UniqueFd locked)
    : path_(std::filesystem::absolute(path).string()),
      place_(find_place("pidfile " + path_, path_, LastLink::Leave)),
      lock_name_(place_.name + ".lock") {
    if (is_at(lock_name_, locked)) {
        lock_ = std::move(locked);
    } else {
        former_ = std::move(locked);
        lock();
    }
    write_own_pid();
}

Pidfile::~Pidfile() {
    if (writer_ != ::getpid()) {
        return;
    }

    struct stat found {};

    const bool is_ours = is_at(place_.name, written_);
    const bool is_gone =
        ::fstatat(place_.folder.get(), place_.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0;
    if (is_ours) {
        ::unlinkat(place_.folder.get(), place_.name.c_str(), 0);
    }
    // The master that took over has written its own pid and holds the same lock, which must stay.
    if ((is_ours || is_gone) && is_at(lock_name_, lock_)) {
        ::unlinkat(place_.folder.get(), lock_name_.c_str(), 0);
    }
}

// Warns because scripts that root runs send signals to the pid in this file.
void Pidfile::warn_of_strangers(const std::optional<Tenant>& tenant) const {
    const Place written = find_place("pidfile " + path_, path_, LastLink::Leave, tenant);
    if (!written.strangers.empty()) {
        log::warning("process.pidfile {} may come to hold another pid: {}", path_,
                     written.strangers.text());
    }
}

void Pidfile::lock() {
    do {
        lock_ = open_lock();
        if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
            const int code = errno;
            throw ErrnoError(code, "pidfile " + path_ + ": held by " + holder());
        }
        // A master that has just exited may have removed the file between our open and lock.
    } while (!is_at(lock_name_, lock_));
}

UniqueFd Pidfile::open_lock() const {
    const std::string action = fmt::format("pidfile {}: its lock {}.lock", path_, path_);
    // O_NOFOLLOW: in a folder that others may change, a link could lead to any file of root's.
    auto fd = UniqueFd::adopt(::openat(place_.folder.get(), lock_name_.c_str(),
                                       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                                       kLockMode));
    if (!fd) {
        throw_errno(action);
    }

    struct stat status {};

    if (::fstat(fd.get(), &status) != 0) {
        throw_errno(action);
    }
    if (!S_ISREG(status.st_mode) || status.st_nlink > 1 || !is_trusted(status.st_uid)) {
        throw ErrnoError(
            EEXIST, fmt::format("{} is no file of ours ({})", action, user_text(status.st_uid)));
    }
    if ((status.st_mode & 0077) != 0 && ::fchmod(fd.get(), kLockMode) != 0) {
        throw_errno(action);
    }
    return fd;
}

std::string Pidfile::holder() const {
    const UniqueFd file = UniqueFd::adopt(::openat(place_.folder.get(), place_.name.c_str(),
                                                   O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    const std::string pid = file ? pid_in(file.get()) : "";
    return pid.empty() ? "another process" : "process " + pid;
}

void Pidfile::write_own_pid() {
    const std::string action = "pidfile " + path_;
    const std::string line = fmt::format("{}\n", ::getpid());
    const std::string fresh = fmt::format("{}.{}.new", place_.name, ::getpid());
    const int folder = place_.folder.get();
    if (!is_at(lock_name_, lock_)) {
        lock();  // a successor that failed to take over may have removed the lock
    }

    struct stat found {};

    if (::fstatat(folder, place_.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(found.st_mode)) {
        throw ErrnoError(S_ISLNK(found.st_mode) ? ELOOP : EEXIST,
                         action + ": it is no regular file");
    }
    ::unlinkat(folder, fresh.c_str(), 0);  // left by a killed process that had the same pid
    auto file = UniqueFd::adopt(
        ::openat(folder, fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode));
    if (!file) {
        throw_errno(action);
    }
    // The umask is set for the application and may forbid others to read the file.
    if (::fchmod(file.get(), kMode) != 0 ||
        ::write(file.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        ::renameat(folder, fresh.c_str(), folder, place_.name.c_str()) != 0) {
        const int code = errno;
        ::unlinkat(folder, fresh.c_str(), 0);
        throw ErrnoError(code, action + ": write");
    }
    written_ = std::move(file);
    writer_ = ::getpid();
}

bool Pidfile::is_at(const std::string& name, const UniqueFd& file) const {
    struct stat by_name {};

    struct stat by_fd {};

    return ::fstatat(place_.folder.get(), name.c_str(), &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
           ::fstat(file.get(), &by_fd) == 0 && by_name.st_dev == by_fd.st_dev &&
           by_name.st_ino == by_fd.st_ino;
}

}  // namespace geventd::master
