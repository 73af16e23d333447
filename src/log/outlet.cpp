// SPDX-License-Identifier: MIT
#include "log/outlet.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include <limits.h>

namespace geventd::log {

namespace {

// A pipe filled by splice(2) holds one line in each of its buffers, of which it has 16 by default.
constexpr int kSplicedPipe = 1024 * 1024;
constexpr std::chrono::milliseconds kLastWords(100);

bool is_pipe_or_terminal(const struct stat& target) {
    return S_ISFIFO(target.st_mode) || S_ISCHR(target.st_mode);
}

// Opens the same pipe or terminal again, so that O_NONBLOCK is set on a description of our own.
UniqueFd open_anew(int fd) {
    constexpr int kFlags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    UniqueFd own = UniqueFd::adopt(::open(path.c_str(), kFlags));
    // After `su` a terminal still belongs to its former user, but /dev/tty is open to everybody.
    if (!own && errno == EACCES && ::tcgetsid(fd) == ::getsid(0)) {
        own.reset(::open("/dev/tty", kFlags));
    }
    return own;
}

bool is_open(const UniqueFd& fd) {
    return ::fcntl(fd.get(), F_GETFD) >= 0;
}

// As many whole lines as a pipe takes atomically, at least one.
std::string_view next_piece(std::string_view text) {
    const std::size_t limit = text.substr(0, PIPE_BUF).rfind('\n');
    return text.substr(0, (limit == std::string_view::npos ? text.find('\n') : limit) + 1);
}

std::uint64_t lines_in(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

void Outlet::open(int fd) {
    forget_parents_lines();

    struct stat target {};

    if (::fstat(fd, &target) != 0) {
        set(UniqueFd(), Kind::Plain);
        return;
    }
    if (is_pipe_or_terminal(target)) {
        if (UniqueFd own = open_anew(fd)) {
            set(std::move(own), Kind::Unwaiting);
            return;
        }
        if ((fd_ || terminal_) && (errno == EMFILE || errno == ENFILE)) {
            return;  // keep the former one
        }
    }
    if (S_ISCHR(target.st_mode)) {
        open_terminal(fd, target);
    } else {
        open_duplicate(fd, S_ISSOCK(target.st_mode)   ? Kind::Socket
                           : S_ISFIFO(target.st_mode) ? Kind::Pipe
                                                      : Kind::Plain);
    }
}

// Keeps a writer that already serves this terminal: its thread may be waiting, and each call would
// add another thread.
void Outlet::open_terminal(int fd, const struct stat& target) {
    if (terminal_ && terminal_->serves(target)) {
        return;
    }
    if (UniqueFd own = UniqueFd::adopt(::fcntl(fd, F_DUPFD_CLOEXEC, 0))) {
        set(UniqueFd(), Kind::Device);
        terminal_ = std::make_unique<TerminalWriter>(placed(std::move(own)));
    }
}

// Reuses the number of the former descriptor: there may be no free one, or the application may have
// lowered its limit below it.
void Outlet::open_duplicate(int fd, Kind kind) {
    if (fd_ && ::dup3(fd, fd_.get(), O_CLOEXEC) >= 0) {
        kind_ = kind;
    } else if (UniqueFd own = UniqueFd::adopt(::fcntl(fd, F_DUPFD_CLOEXEC, 0))) {
        set(std::move(own), kind);
    }
    if (kind_ == Kind::Pipe) {
        ::fcntl(fd_.get(), F_SETPIPE_SZ, kSplicedPipe);  // fails if the user's quota is used up
    }
}

void Outlet::set(UniqueFd fd, Kind kind) {
    lose_with_terminal();
    terminal_.reset();
    fd_ = placed(std::move(fd));
    kind_ = kind;
}

void Outlet::adopt(UniqueFd fd) {
    set(std::move(fd), Kind::Unwaiting);
}

void Outlet::move_up() {
    is_high_ = true;
    fd_ = placed(std::move(fd_));
}

UniqueFd Outlet::placed(UniqueFd fd) const {
    return is_high_ ? raised(std::move(fd)) : std::move(fd);
}

int Outlet::descriptor() const {
    return kind_ == Kind::Unwaiting ? fd_.get() : -1;
}

bool Outlet::write(std::string_view line) {
    retry();
    if (kept_.empty()) {
        ssize_t written = put(line);
        if (written < 0 && errno == EBADF && find_another()) {
            written = put(line);
        }
        if (written >= 0) {
            line.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EAGAIN) {
            lose(1);
            return false;
        }
    }
    if (line.empty()) {
        return true;
    }
    // The rest of a line that was begun is kept, whatever its size.
    if (kept_.empty() || kept_.size() + line.size() <= kMostKept) {
        owner_ = ::getpid();
        kept_.append(line);
        return true;
    }
    lose(1);
    return false;
}

bool Outlet::has_kept() const {
    return !kept_.empty() && owner_ == ::getpid();
}

std::uint64_t Outlet::lost() const {
    return lost_ > 0 && owner_ == ::getpid() ? lost_ : 0;
}

void Outlet::retry() {
    if (kept_.empty() && lost_ == 0) {
        return;
    }
    forget_parents_lines();
    std::string_view rest = kept_;
    while (!rest.empty()) {
        const ssize_t written = put(next_piece(rest));
        if (written < 0) {
            if (errno == EAGAIN) {
                break;
            }
            lose(lines_in(rest));
            kept_.clear();
            return;
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    kept_.erase(0, kept_.size() - rest.size());
}

void Outlet::finish() {
    retry();
    if (terminal_) {
        finish_terminal();
        return;
    }
    pollfd wanted{fd_.get(), POLLOUT, 0};
    while (!kept_.empty() && ::poll(&wanted, 1, static_cast<int>(kLastWords.count())) > 0) {
        const std::size_t before = kept_.size();
        retry();
        if (kept_.size() == before) {
            return;
        }
    }
}

// The thread takes the kept text in several pieces.
void Outlet::finish_terminal() {
    const auto end = std::chrono::steady_clock::now() + kLastWords;
    while (terminal_->written_by(end) && !kept_.empty()) {
        const std::size_t before = kept_.size();
        retry();
        if (kept_.size() == before) {
            return;
        }
    }
}

// Replaces a descriptor that the application has closed.
bool Outlet::find_another() {
    if (!fd_ || is_open(fd_)) {
        return false;
    }
    static_cast<void>(fd_.release());
    open(STDERR_FILENO);
    return static_cast<bool>(fd_);
}

void Outlet::forget_parents_lines() {
    if (owner_ != ::getpid()) {
        owner_ = ::getpid();
        kept_.clear();
        lost_ = 0;
        staging_in_.reset();
        staging_out_.reset();
    }
}

void Outlet::lose(std::uint64_t lines) {
    owner_ = ::getpid();
    lost_ += lines;
}

// Returns how many bytes were written; -1 and errno if none.
ssize_t Outlet::put(std::string_view text) {
    for (;;) {
        ssize_t taken = -1;
        switch (kind_) {
            case Kind::Device:
                taken = put_on_terminal(text);
                break;
            case Kind::Plain:
            case Kind::Unwaiting:
                taken = ::write(fd_.get(), text.data(), text.size());
                break;
            case Kind::Socket:
                taken = ::send(fd_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
                break;
            case Kind::Pipe:
                taken = splice_into_pipe(text);
                break;
        }
        if (taken >= 0 || errno != EINTR) {
            return taken;
        }
    }
}

ssize_t Outlet::put_on_terminal(std::string_view text) {
    const ssize_t taken = terminal_->put(text);
    const int reason = errno;
    lose_with_terminal();
    errno = reason;
    return taken;
}

void Outlet::lose_with_terminal() {
    if (const std::uint64_t lines = terminal_ ? terminal_->take_lost() : 0; lines > 0) {
        lose(lines);
    }
}

// Puts the text into a pipe of our own, which is empty, and moves its pages on from there.
ssize_t Outlet::splice_into_pipe(std::string_view text) {
    if (!make_staging()) {
        return -1;
    }
    const ssize_t staged = ::write(staging_in_.get(), text.data(), text.size());
    if (staged <= 0) {
        return staged;
    }
    const ssize_t moved = ::splice(staging_out_.get(), nullptr, fd_.get(), nullptr,
                                   static_cast<std::size_t>(staged), SPLICE_F_NONBLOCK);
    if (moved < staged) {
        const int reason = errno;
        drop_staging();  // together with what is left in it
        errno = reason;
    }
    return moved;
}

// A number that the application has closed is not closed again: it may be in use by now.
void Outlet::drop_staging() {
    for (UniqueFd* end : {&staging_in_, &staging_out_}) {
        if (!is_open(*end)) {
            static_cast<void>(end->release());
        }
        end->reset();
    }
}

bool Outlet::make_staging() {
    forget_parents_lines();
    if (is_open(staging_in_) && is_open(staging_out_)) {
        return true;
    }
    drop_staging();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return false;
    }
    staging_out_ = placed(UniqueFd::adopt(ends[0]));
    staging_in_ = placed(UniqueFd::adopt(ends[1]));
    return true;
}

}  // namespace geventd::log
