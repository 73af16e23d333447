// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/settings.h"
#include "master/control/control_server.h"
#include "master/metrics/metrics_servers.h"

namespace geventd::master {

/// The servers in the master: the control socket, and the addresses of `metrics`. In an upgrade
/// the control socket is passed on, while each master opens the addresses of `metrics` itself.
/// While serving, a socket that cannot be opened is logged and retried.
/// Lives in: master.
class AdminServers {
  public:
    /// Adds the commands to a new control server.
    using AddCommands = std::function<void(ControlServer&)>;

    AdminServers(event::Loop& loop, event::DeadlineClock& clock, AddCommands add_commands,
                 PageSource pages, config::Metrics metrics);
    AdminServers(const AdminServers&) = delete;
    AdminServers& operator=(const AdminServers&) = delete;
    ~AdminServers() = default;

    /// Opens the socket of `settings.control`, unless that is off. Where a default path cannot be
    /// created, as on a read-only file system, opens an abstract one instead, or goes on without.
    /// Throws like ControlServer.
    void open_control(const config::Settings& settings);

    /// Opens the addresses of `metrics`. Throws ErrnoError.
    void open_metrics() { metrics_servers_.open(metrics_); }

    /// Another configuration serves: opens and closes addresses accordingly.
    void change_metrics(const config::Metrics& metrics) noexcept;

    /// Reopens what was lost, such as a socket whose file was removed.
    void restore_lost() noexcept;

    // For a master that hands over.

    /// Closes the addresses of `metrics`; new clients of the control socket wait until resume().
    void hold() noexcept;

    /// Where the control socket is: its absolute path, "@name" or "off".
    [[nodiscard]] const std::string& control_place() const { return place_; }

    /// A copy of the control socket for the successor, or nothing if there is none. Throws
    /// ErrnoError.
    [[nodiscard]] UniqueFd copy_control() const {
        return control_ == nullptr ? UniqueFd() : control_->copy();
    }

    /// The successor leads. Clients that wait for an answer from this master still get it.
    void let_go();

    /// The number of clients of the control socket that wait for an answer.
    [[nodiscard]] std::size_t clients() const {
        return control_ == nullptr ? 0 : control_->clients();
    }

    // For a master that takes over.

    /// Opens the control socket, unless `former_place` says that it comes with take_over().
    void prepare_control(const config::Settings& settings, const std::string& former_place);

    /// Takes over the former master's control socket (nothing if it had none), which is at
    /// `former_place`; if this master wants another, removes the former one's file instead. Throws
    /// like open_control().
    void take_over(UniqueFd control, const std::string& former_place);

    // For both.

    /// Opens the addresses of `metrics` and answers at the control socket.
    void resume() noexcept;

  private:
    void serve_control(const std::string& place, UniqueFd listening = {});

    event::Loop& loop_;
    event::DeadlineClock& clock_;
    AddCommands add_commands_;
    config::Metrics metrics_;
    std::string place_ = "off";
    bool inherits_ = false;  ///< the former master's control socket becomes ours
    std::unique_ptr<ControlServer> control_;
    MetricsServers metrics_servers_;
};

}  // namespace geventd::master
