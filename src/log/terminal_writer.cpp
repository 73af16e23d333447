// SPDX-License-Identifier: MIT
#include "log/terminal_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>

#include "base/no_signals.h"

namespace geventd::log {

namespace {

// The template's check for threads that a fork loses recognises it by this name
// (worker/python/py/fork.py).
constexpr const char* kThreadName = "geventd-log";

// Returns what could not be written, and errno; empty when all was written. The application may
// have set O_NONBLOCK, since the descriptor is shared with it.
std::string_view write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd wanted{fd, POLLOUT, 0};
            ::poll(&wanted, 1, -1);
        } else if (errno != EINTR) {
            break;
        }
    }
    return text;
}

std::uint64_t lines_in(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

/// Where the writer leaves text for its thread.
struct TerminalWriter::Desk {
    explicit Desk(UniqueFd fd) : terminal(std::move(fd)) {}

    [[nodiscard]] bool is_clear() const { return taken.empty() && !busy; }

    UniqueFd terminal;
    std::mutex mutex;  ///< guards everything below
    std::condition_variable changed;
    std::string taken;
    bool busy = false;  ///< the thread is writing what it has fetched
    bool left = false;  ///< the writer is gone
    int failure = 0;
    std::uint64_t lost = 0;
};

TerminalWriter::TerminalWriter(UniqueFd terminal)
    : desk_(std::make_shared<Desk>(std::move(terminal))) {}

TerminalWriter::~TerminalWriter() {
    if (has_thread()) {
        const std::lock_guard lock(desk_->mutex);
        desk_->left = true;
        desk_->changed.notify_all();
    } else if (has_parents_desk()) {
        desk_->terminal.reset();
    }
}

ssize_t TerminalWriter::put(std::string_view text) {
    try {
        start();
    } catch (const std::system_error&) {
        errno = EAGAIN;  // no further thread can be started now
        return -1;
    }
    const std::lock_guard lock(desk_->mutex);
    const bool has_room = desk_->is_clear() || desk_->taken.size() + text.size() <= kMostTaken;
    if (desk_->failure != 0 || !has_room) {
        errno = desk_->failure != 0 ? desk_->failure : EAGAIN;
        return -1;
    }
    desk_->taken.append(text);
    desk_->changed.notify_all();
    return static_cast<ssize_t>(text.size());
}

bool TerminalWriter::written_by(std::chrono::steady_clock::time_point end) {
    if (!has_thread()) {
        return true;
    }
    std::unique_lock lock(desk_->mutex);
    return desk_->changed.wait_until(lock, end, [this] { return desk_->is_clear(); });
}

std::uint64_t TerminalWriter::take_lost() {
    if (!has_thread()) {
        return 0;
    }
    const std::lock_guard lock(desk_->mutex);
    return std::exchange(desk_->lost, 0);
}

bool TerminalWriter::serves(const struct stat& terminal) const {
    struct stat own {};

    if (::fstat(desk_->terminal.get(), &own) != 0 || own.st_dev != terminal.st_dev ||
        own.st_ino != terminal.st_ino) {
        return false;
    }
    if (!has_thread()) {
        return true;
    }
    const std::lock_guard lock(desk_->mutex);
    return desk_->failure == 0;
}

void TerminalWriter::work(Desk& desk) {
    std::string text;
    std::unique_lock lock(desk.mutex);
    for (;;) {
        desk.changed.wait(lock, [&desk] { return desk.left || !desk.taken.empty(); });
        if (desk.taken.empty()) {
            return;
        }
        text.swap(desk.taken);
        desk.busy = true;
        lock.unlock();
        const std::string_view rest = write_all(desk.terminal.get(), text);
        const int failure = rest.empty() ? 0 : errno;
        lock.lock();
        if (failure != 0) {
            desk.failure = failure;
            desk.lost += lines_in(rest) + lines_in(desk.taken);
            desk.taken.clear();
        }
        text.clear();
        desk.busy = false;
        desk.changed.notify_all();
    }
}

void TerminalWriter::start() {
    if (has_thread()) {
        return;
    }
    if (has_parents_desk()) {
        // The parent's thread does not exist here, but may have held the lock: its copy of the
        // pointer keeps its desk from being destroyed. It no longer needs the descriptor.
        desk_ = std::make_shared<Desk>(std::move(desk_->terminal));
        runner_ = 0;
    }
    const NoSignals masked;
    std::thread thread([desk = desk_] { work(*desk); });
    runner_ = ::getpid();
    ::pthread_setname_np(thread.native_handle(), kThreadName);
    thread.detach();
}

bool TerminalWriter::has_thread() const {
    return runner_ == ::getpid();
}

bool TerminalWriter::has_parents_desk() const {
    return runner_ != 0 && !has_thread();
}

}  // namespace geventd::log
