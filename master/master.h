// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/exit_code.h"
#include "base/fd.h"
#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "master/control/control_server.h"
#include "master/host/host.h"
#include "master/listeners.h"
#include "master/log_file.h"
#include "master/metrics/watchers.h"
#include "master/observe/observer.h"
#include "master/process/spawner.h"
#include "master/reload/change_watch.h"
#include "master/signals/signals.h"
#include "master/status.h"
#include "master/supervise/supervisor.h"
#include "master/unix_signals.h"
#include "master/upgrade/succession.h"
#include "master/upgrade/upgrade.h"
#include "shm/region.h"

namespace geventd::master {

/// The master process: opens the sockets, starts a generation of workers, keeps it alive, replaces
/// it on request, and leaves when told to. It runs no Python and never blocks once it serves, so
/// nothing that an application does can disturb it.
/// Lives in: geventd, one in the process. Failing to start throws; what goes wrong later is logged
/// and shown in the status.
class Master final : public Controls,
                     private UnixSignalListener,
                     private ChangeListener,
                     private Upgrade::Owner,
                     private Succession::Owner {
  public:
    /// How it came to be, and can be again.
    struct Origin {
        /// Reads the configuration again, for a reload; throws what is wrong with it.
        std::function<config::Settings()> read_settings;
        Program program;
        Succession* succession = nullptr;  ///< it is to take over from another master
    };

    /// Opens the sockets, the log and the control socket; what a former master has of these stays
    /// that one's until it hands over. Throws std::exception.
    Master(config::Settings settings, Origin origin, Host& host);
    Master(const Master&) = delete;
    Master& operator=(const Master&) = delete;
    ~Master() override;

    /// Serves until told to stop. Config means that the application cannot be served.
    ExitCode run();

    [[nodiscard]] Status status() const override;
    [[nodiscard]] Status full_status() override;

    [[nodiscard]] const std::deque<HistoryPoint>& history() const override {
        return observer_.history();
    }

    [[nodiscard]] std::vector<RequestStatus> requests() const override;
    Result<void> stacks(const std::string& of, StacksDone done) override;
    void reload(ReloadDone done) override;
    void upgrade(ReloadDone done) override;
    void stop() override;
    void reopen_logs() override;
    Result<void> pause(bool on) override;
    Result<void> set_workers(int count) override;
    Result<void> send_signal(int number, const std::string& payload) override;

  private:
    void on_unix_signal(const UnixSignal& signal, pid_t sender) noexcept override;
    void on_change() noexcept override;
    void on_demand(ipc::Demand demand) noexcept override;
    void on_sources(const std::string& paths) noexcept override;
    void on_alarm() noexcept;

    UpgradeMessage inventory() override;
    UpgradeMessage give_away() override;
    void take_back() noexcept override;
    void announce(pid_t successor) noexcept override;
    void leave() noexcept override;
    void on_upgrade_failed(const std::string& reason) noexcept override;
    void on_upgrade() noexcept override;
    void take_over(UpgradeMessage& message) override;
    void lead() noexcept override;
    bool take_signal(const UpgradeMessage& message) noexcept override;
    void on_former_gone(Succession::State state) noexcept override;

    void begin_upgrade();
    void end_upgrade(ReloadStatus::Outcome outcome, const std::string& reason);
    void refuse_upgrades(const std::string& reason);
    void await_succession(Succession& succession);
    void open_control(UniqueFd listening);
    PageSource page_source();
    void renew_watchers() noexcept;
    [[nodiscard]] bool leads() const;
    [[nodiscard]] bool may_go();

    void start_generation(config::Settings settings);
    void begin_reload();
    void keep_until_restart(config::Settings& settings) const;
    void renew_signals() noexcept;
    void end_renewal(ReloadStatus::Outcome outcome, const std::string& reason);
    void on_file_change(const std::string& path) noexcept;
    void watch_files();
    void end_reload(ReloadStatus::Outcome outcome, std::string reason);
    void refuse_reloads();
    void supersede();
    bool next_reload_is_sound();
    void give_up_start(const std::string& why);
    void close_reload(ReloadStatus::Outcome outcome, std::string reason);
    static void tell(const std::vector<ReloadDone>& waiters, const ReloadStatus& end);
    void on_outcome(const Supervisor::Outcome& outcome);
    void on_generation_serves();
    void on_generation_failed(const Supervisor::Outcome& outcome);
    void take_over_log() noexcept;
    void hand_out_log() noexcept;
    void on_watchdog() noexcept;
    void on_rounds() noexcept;
    void heed_demand();
    void tell_terminal(const std::string& failure) const;
    void change_workers(int difference);
    void stop_now();
    void settle();
    void revive_listeners();
    void set_alarm();

    config::Settings settings_;  ///< of the generation that serves, or is the first to
    Origin origin_;
    Host& host_;
    TimePoint born_;
    std::chrono::system_clock::time_point started_;
    event::Loop loop_;
    event::DeadlineClock clock_;
    event::Timer alarm_;
    event::Timer watchdog_;
    event::Timer rounds_;
    UnixSignals unix_signals_;
    Listeners listeners_;
    UniqueFd terminal_;  ///< the standard error we started with, until the server serves
    LogFile log_file_;
    std::unique_ptr<ControlServer> control_;
    Watchers watchers_;
    shm::Region scoreboard_;
    SlotPool slots_;
    Signals signals_;
    Spawner spawner_;
    Surroundings surroundings_;
    Supervisor supervisor_;
    ChangeWatch touched_;  ///< reload.touch
    ChangeWatch sources_;  ///< app.reload-on-change
    std::chrono::system_clock::time_point generation_started_;
    StackDesk stack_desk_;
    Observer observer_;
    Upgrade upgrade_;
    std::uint32_t generations_ = 0;
    bool newest_reloads_on_change_ = false;  ///< the newest generation, which may not serve yet
    ReloadStatus reload_;
    std::deque<ReloadStatus> reloads_;  ///< that are over, the newest first
    bool reload_again_ = false;
    std::vector<ReloadDone> reload_waiters_;       ///< of the reload that runs
    std::vector<ReloadDone> next_reload_waiters_;  ///< of the one after it
    std::optional<ipc::Demand> demand_;            ///< of an application, until on_change()
    ReloadStatus upgrade_status_;
    bool upgrade_next_ = false;                     ///< when the reload that runs is over
    std::vector<ReloadDone> upgrade_waiters_;       ///< of the upgrade that runs
    std::vector<ReloadDone> next_upgrade_waiters_;  ///< of the one after it
    bool renewing_ = false;       ///< a generation with a new memory of signals is being started
    bool served_ = false;         ///< it took over from another master
    bool revive_wanted_ = false;  ///< a listener was shut down
    TimePoint next_revival_ = TimePoint::min();
    bool stopping_ = false;
    ExitCode exit_code_ = ExitCode::Ok;
};

}  // namespace geventd::master
