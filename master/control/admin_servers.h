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

    /// Throws like ControlServer.
    void open_control(const std::string& path, UniqueFd listening = {});

    /// Opens the addresses of `metrics`. Throws ErrnoError.
    void open_metrics() { metrics_servers_.open(metrics_); }

    /// Another configuration serves: opens and closes addresses accordingly.
    void change_metrics(const config::Metrics& metrics) noexcept;

    /// Reopens what was lost, such as a socket whose file was removed.
    void restore_lost() noexcept;

    // For a master that hands over.

    /// Closes the addresses of `metrics`; new clients of the control socket wait until resume().
    void hold() noexcept;

    /// A copy of the control socket for the successor. Throws ErrnoError.
    [[nodiscard]] UniqueFd copy_control() const { return control_->copy(); }

    /// The successor leads. Clients that wait for an answer from this master still get it.
    void let_go() { control_->let_go(); }

    /// The number of clients of the control socket that wait for an answer.
    [[nodiscard]] std::size_t clients() const { return control_->clients(); }

    // For a master that takes over.

    /// Takes over the former master's control socket, bound at `former_path`; if this master has
    /// opened its own, removes the former one's file instead. Throws like open_control().
    void take_over(UniqueFd control, const std::string& path, const std::string& former_path);

    // For both.

    /// Opens the addresses of `metrics` and answers at the control socket.
    void resume() noexcept;

  private:
    event::Loop& loop_;
    event::DeadlineClock& clock_;
    AddCommands add_commands_;
    config::Metrics metrics_;
    std::unique_ptr<ControlServer> control_;
    MetricsServers metrics_servers_;
};

}  // namespace geventd::master
