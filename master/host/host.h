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

/// The server's place among the other processes of its host, by the `process` settings: whether it
/// is a daemon, its pidfile, whom its workers run as; and what the service manager is told of it.
/// Lives in: master, made before anything else of it. The settings are those of the start: a
/// reload does not change them.
class Host {
  public:
    /// What a master that is to succeed another finds: it is in the background already if it is
    /// to be, and a pidfile of the same path is left to the former one until take_pidfile().
    struct Former {
        std::string pidfile;  ///< absolute path, or ""
    };

    /// Becomes a daemon, locks the pidfile, sets the umask. Throws std::exception with a sentence;
    /// whoever catches that tells failed().
    Host(const config::Process& settings, bool logs_to_stderr,
         const std::optional<Former>& former = std::nullopt);

    /// The pidfile's path ("": there is none) and a copy of its descriptor, for a successor.
    [[nodiscard]] std::string pidfile_path() const { return pidfile_ ? pidfile_->path() : ""; }

    [[nodiscard]] UniqueFd pidfile_copy() const { return pidfile_ ? pidfile_->copy() : UniqueFd(); }

    /// The former master's pidfile, if it is to be ours. Throws ErrnoError.
    void take_pidfile(UniqueFd locked);

    /// The successor did not take over after all.
    void take_pidfile_back() noexcept;

    /// Another process is about to be the main one of the service.
    void announce(pid_t main) noexcept { notifier_.main_pid(main); }

    [[nodiscard]] const Identity& identity() const { return identity_; }

    /// The server serves, for the first time or after a reload. `status` is a line for people.
    void serving(const std::string& status) noexcept;

    void reloading() noexcept { notifier_.reloading(); }

    void stopping() noexcept { notifier_.stopping(); }

    /// It does not come up, or has stopped.
    void failed(ExitCode code) noexcept;

    /// The master makes progress. To be called every watchdog_period(), if there is one.
    void alive() noexcept { notifier_.watchdog(); }

    /// Sends what systemd had no room for; to be called now and then.
    void retry() noexcept { notifier_.retry(); }

    [[nodiscard]] std::optional<Duration> watchdog_period() const noexcept {
        return notifier_.watchdog_period();
    }

  private:
    Identity identity_;
    std::optional<Daemon> daemon_;  ///< until the starter was told
    std::optional<Pidfile> pidfile_;
    std::string former_pidfile_;  ///< the path that is left to the former master for now
    ServiceNotifier notifier_;
    bool logs_to_stderr_;
};

/// Fails with a sentence when the settings of `process` cannot be kept on this host.
Result<Identity> find_identity(const config::Process& settings);

}  // namespace geventd::master
