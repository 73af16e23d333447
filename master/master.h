// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "base/exit_code.h"
#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "master/certificates/certificates.h"
#include "master/control/admin_servers.h"
#include "master/host/host.h"
#include "master/listen/listeners.h"
#include "master/log_file.h"
#include "master/operations.h"
#include "master/overview.h"
#include "master/process/spawner.h"
#include "master/replace/parts.h"
#include "master/replace/reloads.h"
#include "master/replace/turns.h"
#include "master/replace/upgrades.h"
#include "master/signals/signals.h"
#include "master/supervise/supervisor.h"
#include "master/unix_signals.h"
#include "shm/region.h"

namespace geventd::master {

/// The master process: opens the sockets, starts a generation of workers, keeps it alive, replaces
/// it on request, and exits when told to. It runs no Python and never blocks once it serves, so
/// nothing that an application does can disturb it.
///
/// It owns the parts and passes events from the kernel, its processes and operators on to them.
/// After each event settle() lets all parts act on what has changed.
/// Lives in: geventd, one in the process. A failing start throws; later faults are logged and
/// shown in the status.
class Master final : private UnixSignalListener, private ChangeListener, private Server {
  public:
    /// How this master was started, and what a reload or an upgrade needs.
    struct Origin {
        Reloads::ReadSettings read_settings;  ///< reads the configuration for a reload
        Program program;
        Succession* succession = nullptr;  ///< set when it takes over from another master
    };

    /// Opens the sockets, the log and the control socket, except those that a former master keeps
    /// until it hands over. Throws std::exception.
    Master(config::Settings settings, Origin origin, Host& host);
    Master(const Master&) = delete;
    Master& operator=(const Master&) = delete;
    ~Master() = default;

    /// Serves until told to stop. Returns Config when the application cannot be served.
    ExitCode run();

  private:
    // Events from the kernel.
    void on_unix_signal(const UnixSignal& signal, pid_t sender) noexcept override;
    void on_alarm() noexcept;
    void on_watchdog() noexcept;
    void on_rounds() noexcept;

    // Events from processes.
    void on_change() noexcept override;
    void on_demand(ipc::Demand demand) noexcept override;
    void on_sources(const std::string& paths) noexcept override;

    // Calls from replacements.
    void on_serving(config::Settings& settings) noexcept override;
    void give_up_start(const std::string& why) override;
    void stop() override;
    void settle() override;

    void handle_demand();
    void reap();
    void drain() noexcept;
    void stop_faster();
    void stop_now();
    [[nodiscard]] bool may_go();
    void set_alarm();

    Host& host_;
    event::Loop loop_;
    event::DeadlineClock clock_;
    event::Timer alarm_;  ///< the earliest deadline of all parts
    event::Timer watchdog_;
    event::Timer rounds_;
    event::Timer drain_delay_;  ///< the server is told to stop and still serves
    UnixSignals unix_signals_;
    Listeners listeners_;
    Certificates certificates_;
    LogFile log_file_;
    shm::Region scoreboard_;
    SlotPool slots_;
    Signals signals_;
    Spawner spawner_;
    Services services_;
    Supervisor supervisor_;
    AdminServers admin_;
    Parts parts_;
    Turns turns_;  ///< closed when the server is told to stop
    Reloads reloads_;
    Upgrades upgrades_;
    Operations operations_;
    Overview overview_;
    std::optional<ipc::Demand> demand_;  ///< a request by an application, until on_change()
    ExitCode exit_code_ = ExitCode::Ok;
};

}  // namespace geventd::master
