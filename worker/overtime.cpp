// SPDX-License-Identifier: MIT
#include "worker/overtime.h"

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/errno_error.h"
#include "base/exit_code.h"
#include "base/no_signals.h"
#include "net/listening.h"
#include "worker/last_words.h"
#include "worker/master_link.h"

namespace geventd::worker {

namespace {

// No descriptor is needed to notice that the end has come, nor that others are lost.
constexpr Duration kLook = std::chrono::seconds(1);

int milliseconds(Duration time) {
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

}  // namespace

Overtime::Overtime(int channel, Duration limit)
    : limit_(limit), line_(high_copy(channel)), line_inode_(net::socket_inode(channel)) {
    if (!line_) {
        throw_errno("copy the line to the master");
    }
    const NoSignals masked;
    std::thread([this] { run(); }).detach();
}

void Overtime::begin() noexcept {
    Duration::rep open = 0;
    end_.compare_exchange_strong(open, (Clock::now() + limit_).time_since_epoch().count());
}

Duration Overtime::left() const noexcept {
    const Duration::rep end = end_;
    const TimePoint now = Clock::now();
    return end == 0 ? Duration::zero() : std::max(TimePoint(Duration(end)) - now, Duration::zero());
}

void Overtime::run() noexcept {
    bool has_master = true;
    bool well = true;
    while (end_ == 0 || left() > Duration::zero()) {
        if (!has_master || look_for_master()) {
            const Duration look = well ? kLook : OwnDescriptors::kRenewal;
            const Duration pause = end_ == 0 ? look : std::min(look, left());
            pollfd line{has_master ? line_.get() : -1, 0, 0};
            ::poll(&line, 1, milliseconds(pause));
        } else {
            has_master = false;
        }
        if (!well) {
            descriptors_.end_if_lost();
        }
        well = descriptors_.seems_well();
    }
    end_at_once(ExitCode::Overtime,
                "this worker does not come to its end within its time: it ends at once");
}

// False when there is nothing more to see of it.
bool Overtime::look_for_master() noexcept {
    if (net::socket_inode(line_.get()) != line_inode_) {
        lost_line(line_.release());
        return false;
    }
    pollfd line{line_.get(), 0, 0};
    if (::poll(&line, 1, 0) <= 0) {
        return true;
    }
    begin();
    return false;
}

void die_with_master(bool on) {
    ::prctl(PR_SET_PDEATHSIG, on ? SIGKILL : 0);
}

}  // namespace geventd::worker
