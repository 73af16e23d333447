// SPDX-License-Identifier: MIT
#include "worker/process/own_descriptors.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "base/fd.h"
#include "net/listening.h"
#include "worker/process/forked.h"
#include "worker/process/last_words.h"

namespace geventd::worker {

namespace {

// One look in this many is thorough.
constexpr unsigned kThorough = 4;

// How many looks in a row may find something lost: a second in all.
constexpr unsigned kMostDoubts = 20;

// EEXIST: the epoll watches `fd`. 0: it does not. Else the errno.
int ask_to_add(int epoll, int fd) noexcept {
    epoll_event nothing{};
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &nothing) < 0) {
        return errno;
    }
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
    return 0;
}

// `stranger` is an open descriptor that `fd` does not watch. Needs no /proc, which the application
// may have left by os.chroot().
bool is_epoll(int fd, int stranger) {
    return ::epoll_ctl(fd, EPOLL_CTL_DEL, stranger, nullptr) < 0 && errno == ENOENT;
}

// Whether the epoll watches `fd`, without changing it, because it may be the application's.
// nullopt: unknown.
std::optional<bool> lists(int epoll, int fd) {
    const std::string path = fmt::format("/proc/self/fdinfo/{}", epoll);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> info(std::fopen(path.c_str(), "re"),
                                                               std::fclose);
    if (!info) {
        return errno == ENOENT ? std::optional(false) : std::nullopt;
    }
    const std::string wanted = fmt::format("tfd: {:8} ", fd);
    char line[256];
    while (std::fgets(line, sizeof line, info.get()) != nullptr) {
        if (std::string_view(line).starts_with(wanted)) {
            return true;
        }
    }
    return false;
}

// The epoll that watches `fd`; -1: none does; nullopt: unknown. gevent's libev does not give the
// number of its epoll.
std::optional<int> watcher_of(int fd) {
    std::error_code error;
    std::filesystem::directory_iterator entry("/proc/self/fd", error);
    for (; !error && entry != std::filesystem::end(entry); entry.increment(error)) {
        const int number = std::atoi(entry->path().filename().c_str());
        const std::optional<bool> found = lists(number, fd);
        if (!found || *found) {
            return found ? std::optional(number) : std::nullopt;
        }
    }
    return error ? std::nullopt : std::optional(-1);
}

OwnDescriptors* guarded = nullptr;

// Called when libev cannot go on because its epoll is lost.
void on_failure() noexcept {
    if (is_forked_child()) {
        return;
    }
    if (const std::string text = guarded->lost(); !text.empty()) {
        end_at_once(ExitCode::LostDescriptor, text);
    }
}

}  // namespace

std::string lost_text(int number, std::string_view what) {
    return fmt::format(
        "descriptor {}, {}, was closed or replaced by the application: this worker is replaced",
        number, what);
}

bool watches(int epoll, int fd) noexcept {
    return ask_to_add(epoll, fd) == EEXIST;
}

void forget_lost(event::Io& io, int number, int copy) noexcept {
    const UniqueFd taken = UniqueFd::adopt(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    const bool may_be_taken = taken || errno == EBADF;
    const int flags = ::fcntl(number, F_GETFD);
    if (!may_be_taken || ::dup3(copy, number, O_CLOEXEC) < 0) {
        end_at_once(ExitCode::LostDescriptor,
                    fmt::format("descriptor {} was closed or replaced by the application, and the "
                                "kernel does not forget it: {}",
                                number, errno_text(errno)));
    }
    io.forget();
    if (taken) {
        ::dup3(taken.get(), number, (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
    } else {
        ::close(number);
    }
}

UniqueFd copy_of(const UniqueFd& fd) noexcept {
    return UniqueFd::adopt(fd ? ::fcntl(fd.get(), F_DUPFD_CLOEXEC, fd.get() + 1) : -1);
}

bool replace_by_copy(event::Io& io, UniqueFd& fd, UniqueFd& copy, ino_t inode) noexcept {
    const int lost = fd.release();
    if (net::socket_inode(copy.get()) != inode) {
        static_cast<void>(copy.release());
        io.stop();
        return false;
    }
    forget_lost(io, lost, copy.get());
    fd = std::move(copy);
    copy = copy_of(fd);
    return true;
}

void OwnDescriptors::guard(const event::Loop& loop) {
    const std::lock_guard lock(mutex_);
    inner_ = loop.backend_fd();
    wake_ = loop.wake_fd();
    outer_ = watcher_of(inner_).value_or(-1);
    guarded = this;
    event::on_failure(on_failure);
}

void OwnDescriptors::leave() {
    const std::lock_guard lock(mutex_);
    outer_ = -1;
}

std::string OwnDescriptors::lost() {
    const std::lock_guard lock(mutex_);
    return outer_ < 0 ? "" : look(true);
}

bool OwnDescriptors::seem_well() noexcept {
    try {
        const std::lock_guard lock(mutex_);
        const std::string text = outer_ < 0 ? "" : look(doubts_ > 0 || ++looks_ % kThorough == 0);
        doubts_ = text.empty() ? 0 : doubts_ + 1;
        if (doubts_ == kMostDoubts) {
            end_at_once(ExitCode::LostDescriptor, text);
        }
        return doubts_ == 0;
    } catch (const std::bad_alloc&) {
        return true;  // the next look will tell
    }
}

std::string OwnDescriptors::look(bool thoroughly) {
    if (const int answer = ask_to_add(inner_, wake_); answer != EEXIST) {
        const bool is_inner = answer == EINVAL || ::fcntl(inner_, F_GETFD) < 0;
        return is_inner ? lost_text(inner_, "the epoll of the worker's loop")
                        : lost_text(wake_, "which wakes the worker's loop");
    }
    if (thoroughly ? watches(outer_, inner_) : is_epoll(outer_, wake_)) {
        return "";
    }
    // gevent's loop may have made itself another epoll, which watches the same.
    const std::optional<int> other = watcher_of(inner_);
    if (other == -1) {
        return lost_text(outer_, "the epoll of gevent's loop");
    }
    outer_ = other.value_or(outer_);
    return "";
}

}  // namespace geventd::worker
