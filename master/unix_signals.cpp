// SPDX-License-Identifier: MIT
#include "master/unix_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/errno_error.h"

namespace geventd::master {

UnixSignals::UnixSignals(event::Loop& loop, UnixSignalListener& listener)
    : listener_(listener), io_(loop) {
    sigset_t set;
    sigemptyset(&set);
    for (const UnixSignal& signal : kUnixSignals) {
        sigaddset(&set, signal.number);
    }
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) < 0) {
        throw_errno("sigprocmask");
    }
    fd_ = UniqueFd::adopt(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) {
        throw_errno("signalfd");
    }
    io_.bind<UnixSignals, &UnixSignals::on_io>(this);
    io_.watch(fd_.get(), event::Io::kRead);
}

void UnixSignals::on_io(int) noexcept {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        const auto* signal = std::find_if(
            kUnixSignals.begin(), kUnixSignals.end(), [&](const UnixSignal& candidate) {
                return candidate.number == static_cast<int>(info.ssi_signo);
            });
        if (signal != kUnixSignals.end()) {
            listener_.on_unix_signal(*signal, static_cast<pid_t>(info.ssi_pid));
        }
    }
}

}  // namespace geventd::master
