// SPDX-License-Identifier: MIT
#include "master/syslog_relay.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

// Room for what processes write while the master is busy with something else.
constexpr int kPipe = 1024 * 1024;
// A longer line is handed on in pieces.
constexpr std::size_t kMostLine = 8192;

}  // namespace

SyslogRelay::SyslogRelay(event::Loop& loop, const std::string& path) : socket_(path), io_(loop) {
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
    io_.watch(reader_.get(), event::Io::kRead);
}

SyslogRelay::~SyslogRelay() {
    io_.forget();
    while (take_some()) {
    }
    if (!begun_.empty()) {
        socket_.send(begun_);
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
        hand_on({buffer.data(), static_cast<std::size_t>(got)});
    }
    return got > 0;
}

void SyslogRelay::hand_on(std::string_view text) {
    for (const char c : text) {
        if (c != '\n') {
            begun_ += c;
        }
        if (c == '\n' || begun_.size() == kMostLine) {
            socket_.send(begun_);
            begun_.clear();
        }
    }
}

}  // namespace geventd::master
