// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/exit_code.h"
#include "config/settings.h"
#include "master/host/daemon.h"
#include "master/host/pidfile.h"
#include "master/host/privileges.h"
#include "master/host/systemd.h"

namespace geventd::master {

/// What the `process` settings say about the server as a whole: daemon, pidfile, the user of its
/// workers; and its reports to the service manager.
/// Lives in: master, constructed before everything else. Uses the settings of the start: a reload
/// does not change them.
class Host {
  public:
    /// Set when this master succeeds another one. It is in the background already if it should be,
    /// and a pidfile of the same path belongs to the former master until take_pidfile().
    struct Former {
        std::string pidfile;  ///< absolute, or empty
    };

    /// Becomes a daemon, locks the pidfile, sets the umask. Throws std::exception with a sentence;
    /// the caller then reports failed().
    Host(const config::Process& settings, bool logs_to_stderr,
         const std::optional<Former>& former = std::nullopt);

    /// For a successor: the pidfile's path (empty: none), and a copy of its descriptor.
    [[nodiscard]] std::string pidfile_path() const { return pidfile_ ? pidfile_->path() : ""; }

    [[nodiscard]] UniqueFd pidfile_copy() const { return pidfile_ ? pidfile_->copy() : UniqueFd(); }

    /// Takes over the former master's pidfile, if it has our path. Throws ErrnoError.
    void take_pidfile(UniqueFd locked);

    /// The successor has failed to take over.
    void take_pidfile_back() noexcept;

    /// Another process is about to become the service's main process.
    void announce(pid_t main) noexcept { notifier_.main_pid(main); }

    [[nodiscard]] const Identity& identity() const { return identity_; }

    /// The server serves, after the start or a reload. `status` is a line for operators.
    void serving(const std::string& status) noexcept;

    void reloading() noexcept { notifier_.reloading(); }

    /// The server stops, and that takes `longest` at most.
    void stopping(Duration longest) noexcept { notifier_.stopping(longest); }

    /// The start has failed, or the server has stopped.
    void failed(ExitCode code) noexcept;

    /// The master makes progress. Call every watchdog_period(), if there is one.
    void alive() noexcept { notifier_.watchdog(); }

    /// Sends the messages that systemd had no room for; call regularly.
    void retry() noexcept { notifier_.retry(); }

    [[nodiscard]] std::optional<Duration> watchdog_period() const noexcept {
        return notifier_.watchdog_period();
    }

  private:
    Identity identity_;
    std::optional<Daemon> daemon_;  ///< until the starter has exited
    std::optional<Pidfile> pidfile_;
    std::string former_pidfile_;  ///< its path while it still belongs to the former master
    ServiceNotifier notifier_;
    bool logs_to_stderr_;
};

/// Fails with a sentence when this host cannot satisfy the `process` settings.
Result<Identity> find_identity(const config::Process& settings);

}  // namespace geventd::master
