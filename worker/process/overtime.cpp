// SPDX-License-Identifier: MIT
#include "worker/process/overtime.h"

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "base/no_signals.h"
#include "net/listening.h"
#include "worker/process/interrupts.h"
#include "worker/process/last_words.h"

namespace geventd::worker {

namespace {

// How often the thread looks; so it notices everything without descriptors of its own.
constexpr Duration kLook = std::chrono::seconds(1);

int milliseconds(Duration time) {
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

// Returns the former number of the channel.
UniqueFd move_up(ipc::Channel& channel) {
    UniqueFd high = high_copy(channel.fd());
    if (!high) {
        throw_errno("copy the line to the master");
    }
    return channel.exchange(std::move(high));
}

}  // namespace

Overtime::Overtime(ipc::Channel& channel, Duration limit, Duration for_sessions)
    : limit_(limit),
      for_sessions_(for_sessions),
      inode_(net::socket_inode(channel.fd())),
      copy_(move_up(channel)) {
    const NoSignals masked;
    std::thread([this] { run(); }).detach();
}

void Overtime::end_after(Duration time) noexcept {
    const Duration::rep end = (Clock::now() + time).time_since_epoch().count();
    Duration::rep known = end_;
    while ((known == 0 || end < known) && !end_.compare_exchange_weak(known, end)) {
    }
}

Duration Overtime::left() const noexcept {
    const Duration::rep end = end_;
    const TimePoint now = Clock::now();
    return end == 0 ? Duration::zero() : std::max(TimePoint(Duration(end)) - now, Duration::zero());
}

bool Overtime::is_channel(int fd) const noexcept {
    return net::socket_inode(fd) == inode_;
}

void Overtime::run() noexcept {
    bool has_master = true;
    bool well = true;
    while (end_ == 0 || left() > Duration::zero()) {
        const Duration look = well ? kLook : OwnDescriptors::kRenewal;
        const Duration pause = end_ == 0 ? look : std::min(look, left());
        pollfd channel{has_master ? copy_.get() : -1, 0, 0};
        ::poll(&channel, 1, milliseconds(pause));
        has_master = has_master && look_for_master(channel.revents);
        well = descriptors_.seem_well();
    }
    end_at_once(ExitCode::Overtime,
                "this worker does not come to its end within its time: it ends at once");
}

// False when the master is gone or the channel's copy is lost. `events` were polled from the copy.
bool Overtime::look_for_master(int events) noexcept {
    if (!is_channel(copy_.get())) {
        report_lost_channel();
        return false;
    }
    if ((events & (POLLHUP | POLLERR)) == 0) {
        return true;
    }
    begin();
    return false;
}

void die_with_master(bool on) {
    ::prctl(PR_SET_PDEATHSIG, on ? SIGKILL : 0);
}

}  // namespace geventd::worker
