// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "master/host/notify_socket.h"

namespace geventd::master {

/// Reports the service's state to systemd (Type=notify). Does nothing when systemd did not start
/// it. A report that fails is logged, never an error, and never waited for. The protocol is that of
/// sd_notify(3), without libsystemd.
/// Lives in: master.
class ServiceNotifier {
  public:
    void ready(std::string_view status) noexcept;

    /// A reload begins, which ready() ends.
    void reloading() noexcept;
    void stopping(Duration longest) noexcept;

    /// Sets the line that `systemctl status` shows.
    void status(std::string_view text) noexcept;

    /// In an upgrade: the new master takes over.
    void main_pid(pid_t pid) noexcept;

    void watchdog() noexcept;

    /// Sends messages for which there was no room before; call regularly.
    void retry() noexcept;

    /// How often to call watchdog(): twice as often as the unit file demands; nullopt: never.
    [[nodiscard]] std::optional<Duration> watchdog_period() const noexcept;

  private:
    void send(const std::string& state, bool keep = true) noexcept;

    std::optional<NotifySocket> socket_;
    bool complained_ = false;
};

/// A listening socket opened by systemd, with the FileDescriptorName= of its unit.
struct ActivatedSocket {
    std::string name;
    UniqueFd fd;
};

/// Takes the sockets that systemd passes to this process (LISTEN_FDS), in their order, CLOEXEC.
/// Removes the variables, so that no child mistakes them for its own. Throws ErrnoError.
std::vector<ActivatedSocket> take_activated_sockets();

}  // namespace geventd::master
