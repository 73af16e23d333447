// SPDX-License-Identifier: MIT
#include "worker/own_descriptors.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/exit_code.h"
#include "base/fd.h"
#include "worker/forked_child.h"
#include "worker/last_words.h"

namespace geventd::worker {

namespace {

// Every so many looks.
constexpr unsigned kThorough = 16;

constexpr const char* kInner = "the epoll of the worker's loop";

bool is_epoll(int fd) {
    char path[32] = {};
    char text[32] = {};
    fmt::format_to_n(path, sizeof path - 1, "/proc/self/fd/{}", fd);
    return ::readlink(path, text, sizeof text - 1) > 0 &&
           std::string_view(text) == "anon_inode:[eventpoll]";
}

bool watches(int epoll, int fd) {
    epoll_event nothing{};
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &nothing) == 0) {
        ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
        return false;
    }
    return errno == EEXIST;
}

// The same as told by the kernel, without a trace in an epoll of the application's.
bool lists(int epoll, int fd) {
    std::ifstream info(fmt::format("/proc/self/fdinfo/{}", epoll));
    std::string word;
    while (info >> word) {
        int watched = -1;
        if (word == "tfd:" && info >> watched && watched == fd) {
            return true;
        }
    }
    return false;
}

// The epoll that watches `fd`; -1: none does. libev keeps its own to itself.
int watcher_of(int fd) {
    std::error_code error;
    std::filesystem::directory_iterator entry("/proc/self/fd", error);
    for (; !error && entry != std::filesystem::end(entry); entry.increment(error)) {
        const int number = std::atoi(entry->path().filename().c_str());
        if (number != fd && is_epoll(number) && lists(number, fd)) {
            return number;
        }
    }
    return -1;
}

// Empty when there can be none.
UniqueFd mark(int epoll) {
    const UniqueFd low = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC));
    UniqueFd high = low ? high_copy(low.get()) : UniqueFd();
    epoll_event nothing{};
    return high && ::epoll_ctl(epoll, EPOLL_CTL_ADD, high.get(), &nothing) == 0 ? std::move(high)
                                                                                : UniqueFd();
}

OwnDescriptors* guarded = nullptr;

// libev goes no further where its epoll is lost.
void on_failure() noexcept {
    if (!is_forked_child()) {
        guarded->end_if_lost();
    }
}

}  // namespace

std::string lost_text(int number, std::string_view what) {
    return fmt::format(
        "descriptor {}, {}, was closed or replaced by the application: this worker is replaced",
        number, what);
}

void forget_lost(event::Io& io, int number, int copy) noexcept {
    const UniqueFd taken = UniqueFd::adopt(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    const int flags = ::fcntl(number, F_GETFD);
    ::dup3(copy, number, O_CLOEXEC);
    io.forget();
    if (taken) {
        ::dup3(taken.get(), number, (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
    } else {
        ::close(number);
    }
}

void OwnDescriptors::guard(const event::Loop& loop) {
    const std::lock_guard lock(mutex_);
    inner_ = loop.backend_fd();
    wake_ = loop.wake_fd();
    outer_ = watcher_of(inner_);
    mark_ = mark(inner_);
    guarded = this;
    event::on_failure(on_failure);
}

void OwnDescriptors::leave() {
    const std::lock_guard lock(mutex_);
    outer_ = -1;
}

std::string OwnDescriptors::lost() {
    const std::lock_guard lock(mutex_);
    return outer_ < 0 ? "" : look();
}

bool OwnDescriptors::seems_well() {
    const std::lock_guard lock(mutex_);
    if (outer_ < 0) {
        return true;
    }
    return ++looks_ % kThorough == 0 ? look().empty() : is_epoll(outer_) && look_inside().empty();
}

std::string OwnDescriptors::look() {
    if (std::string text = look_inside(); !text.empty()) {
        return text;
    }
    if (watches(outer_, inner_)) {
        return "";
    }
    // gevent's loop may have made itself another one, and watches the same by that.
    if (const int other = watcher_of(inner_); other >= 0) {
        outer_ = other;
        return "";
    }
    return lost_text(outer_, "the epoll of gevent's loop");
}

std::string OwnDescriptors::look_inside() {
    if (!is_epoll(inner_)) {
        return lost_text(inner_, kInner);
    }
    if (!watches(inner_, wake_)) {
        return lost_text(wake_, "which wakes the worker's loop");
    }
    return !mark_ || watches(inner_, mark_.get()) ? "" : lost_text(inner_, kInner);
}

void OwnDescriptors::end_if_lost() {
    if (const std::string text = lost(); !text.empty()) {
        end_at_once(ExitCode::LostDescriptor, text);
    }
}

}  // namespace geventd::worker
