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

/// Tells systemd how the service is (Type=notify). Says nothing when systemd did not start it, or
/// when geventd was built without libsystemd; what cannot be told is logged, never an error, and
/// never waited for.
/// Lives in: master.
class ServiceNotifier {
  public:
    void ready(std::string_view status) noexcept;

    /// A reload begins; ready() ends it.
    void reloading() noexcept;
    void stopping() noexcept;

    /// One line for `systemctl status`.
    void status(std::string_view text) noexcept;

    /// An upgrade: the new master takes over.
    void main_pid(pid_t pid) noexcept;

    void watchdog() noexcept;

    /// Sends what there was no room for before; to be called now and then.
    void retry() noexcept;

    /// How often watchdog() is to be called; none: never. Half of what the unit file allows.
    [[nodiscard]] std::optional<Duration> watchdog_period() const noexcept;

  private:
    void send(const std::string& state, bool keep = true) noexcept;

    std::optional<NotifySocket> socket_;
    bool complained_ = false;
};

/// A listening socket that systemd opened, with the FileDescriptorName= of its unit.
struct ActivatedSocket {
    std::string name;
    UniqueFd fd;
};

/// Takes the sockets that systemd hands to this process (LISTEN_FDS), in their order, CLOEXEC.
/// The variables are removed, so that no child takes them for its own. Throws ErrnoError.
std::vector<ActivatedSocket> take_activated_sockets();

}  // namespace geventd::master
