// SPDX-License-Identifier: MIT
#include "master/host/pidfile.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

UniqueFd open_file(const std::string& path) {
    // O_NOFOLLOW: in a directory that others may write, a link could name any file of root's.
    auto fd = UniqueFd::adopt(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
    if (!fd) {
        throw_errno("pidfile", path);
    }
    return fd;
}

std::string pid_in(int fd) {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view line(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    return std::string(line.substr(0, line.find_first_not_of("0123456789")));
}

std::string holder_of(int fd) {
    const std::string pid = pid_in(fd);
    return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Pidfile::Pidfile(const std::string& path) : path_(std::filesystem::absolute(path).string()) {
    do {
        fd_ = open_file(path_);
        if (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
            const int code = errno;
            throw ErrnoError(code, "pidfile " + path_ + ": held by " + holder_of(fd_.get()));
        }
        // A master that just ended may have removed the file between open and lock.
    } while (!is_still_ours());
    write_own_pid();
}

Pidfile::Pidfile(const std::string& path, UniqueFd locked)
    : path_(std::filesystem::absolute(path).string()), fd_(std::move(locked)) {
    write_own_pid();
}

Pidfile::~Pidfile() {
    if (written_ == ::getpid() && is_still_ours() && names_us()) {
        ::unlink(path_.c_str());
    }
}

void Pidfile::write_own_pid() {
    written_ = ::getpid();
    const std::string line = std::to_string(written_) + "\n";
    // The shorter of two pids must not keep the longer one's tail.
    if (::ftruncate(fd_.get(), 0) != 0 ||
        ::pwrite(fd_.get(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
        throw_errno("pidfile " + path_ + ": write");
    }
}

// A master that took over has written its own.
bool Pidfile::names_us() const {
    return pid_in(fd_.get()) == std::to_string(written_);
}

bool Pidfile::is_still_ours() const {
    struct stat by_name {};

    struct stat by_fd {};

    return ::lstat(path_.c_str(), &by_name) == 0 && ::fstat(fd_.get(), &by_fd) == 0 &&
           by_name.st_dev == by_fd.st_dev && by_name.st_ino == by_fd.st_ino;
}

}  // namespace geventd::master
