// SPDX-License-Identifier: MIT
#include "master/syslog_relay.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

// Room for what processes write while the master is busy with something else.
constexpr int kPipe = 1024 * 1024;
// A longer line is handed on in pieces.
constexpr std::size_t kMostLine = 8192;

constexpr auto kPatience = std::chrono::seconds(1);

// At the end: more than the pipe holds is somebody who writes without pause.
constexpr int kMostRounds = 32;

/// The first line of the text without its end, or as much of it as is handed on at once; nothing
/// while it is not whole.
std::optional<std::string_view> first_line(std::string_view text) {
    const std::size_t end = text.substr(0, kMostLine).find('\n');
    if (end != std::string_view::npos) {
        return text.substr(0, end);
    }
    return text.size() < kMostLine ? std::nullopt : std::optional(text.substr(0, kMostLine));
}

}  // namespace

SyslogRelay::SyslogRelay(event::Loop& loop, event::DeadlineClock& clock, const std::string& path)
    : socket_(path), io_(loop), room_(loop), patience_(clock) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw_errno("make a pipe for syslog");
    }
    reader_ = UniqueFd::adopt(ends[0]);
    writer_ = UniqueFd::adopt(ends[1]);
    if (::fcntl(reader_.get(), F_SETFL, O_NONBLOCK) != 0) {
        throw_errno("make a pipe for syslog");
    }
    ::fcntl(writer_.get(), F_SETPIPE_SZ, kPipe);  // fails if the user's quota is used up
    io_.bind<SyslogRelay, &SyslogRelay::on_lines>(this);
    room_.bind<SyslogRelay, &SyslogRelay::on_room>(this);
    patience_.bind<&SyslogRelay::on_patience>(this);
    io_.watch(reader_.get(), event::Io::kRead);
}

SyslogRelay::~SyslogRelay() {
    stuck_ = true;
    go_on();
    for (int round = 0; round < kMostRounds && take_some(); ++round) {
    }
    io_.forget();
    if (!unsent_.empty()) {
        socket_.send(unsent_);
    }
}

// A piece at a time, so that a talkative application does not hold the master.
void SyslogRelay::on_lines(int) noexcept {
    take_some();
}

bool SyslogRelay::take_some() noexcept {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::read(reader_.get(), buffer.data(), buffer.size());
    if (got > 0) {
        unsent_.append(buffer.data(), static_cast<std::size_t>(got));
        hand_on();
    }
    return got > 0;
}

void SyslogRelay::hand_on() {
    std::string_view rest = unsent_;
    while (const auto line = first_line(rest)) {
        if (socket_.send(*line)) {
            stuck_ = false;
        } else if (stuck_) {
            socket_.lose();
        } else {
            wait();
            break;
        }
        const bool has_end = line->size() < rest.size() && rest[line->size()] == '\n';
        rest.remove_prefix(line->size() + (has_end ? 1 : 0));
    }
    unsent_.erase(0, unsent_.size() - rest.size());
}

// The pipe keeps what comes meanwhile.
void SyslogRelay::wait() {
    io_.stop();
    room_.watch(socket_.fd(), event::Io::kWrite);
    patience_.start(kPatience);
}

void SyslogRelay::on_room(int) noexcept {
    go_on();
}

void SyslogRelay::on_patience() noexcept {
    stuck_ = true;
    go_on();
}

void SyslogRelay::go_on() noexcept {
    room_.forget();  // the socket may be closed for a new one
    patience_.cancel();
    hand_on();
    if (!room_.active()) {
        io_.watch(reader_.get(), event::Io::kRead);
    }
}

}  // namespace geventd::master
