// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/settings.h"
#include "master/control/control_server.h"
#include "master/metrics/watchers.h"

namespace geventd::master {

/// The sockets at which the master itself answers: the control socket, and the addresses of
/// `metrics`. Over an upgrade the control socket goes from one master to the next, while each
/// master opens the addresses of `metrics` anew. Lives in: master. A server that serves goes on
/// when one of these cannot be opened: that is logged and tried again.
class AdminServers {
  public:
    /// Adds the commands to a new control server.
    using AddCommands = std::function<void(ControlServer&)>;

    AdminServers(event::Loop& loop, event::DeadlineClock& clock, AddCommands add_commands,
                 PageSource pages, config::Metrics metrics);
    AdminServers(const AdminServers&) = delete;
    AdminServers& operator=(const AdminServers&) = delete;
    ~AdminServers() = default;

    /// Throws as ControlServer does.
    void open_control(const std::string& path, UniqueFd listening = {});

    /// Opens the addresses of `metrics`. Throws ErrnoError.
    void open_metrics() { watchers_.open(metrics_); }

    /// Another configuration serves: opens and closes what it says.
    void change_metrics(const config::Metrics& metrics) noexcept;

    /// Opens again what was lost, such as a socket whose file somebody has removed.
    void restore_lost() noexcept;

    // Of a master that hands over.

    /// Closes the addresses of `metrics`; those who connect to the control socket wait until
    /// resume().
    void hold() noexcept;

    /// A copy of the control socket for the successor. Throws ErrnoError.
    [[nodiscard]] UniqueFd copy_control() const { return control_->copy(); }

    /// The successor leads. Those who wait for an answer of this master still get it.
    void let_go() { control_->let_go(); }

    /// Clients of the control socket that wait for an answer.
    [[nodiscard]] std::size_t clients() const { return control_->clients(); }

    // Of a master that takes over.

    /// Takes the former master's control socket, which was bound at `former_path`; or removes its
    /// file, when this master has opened one of its own. Throws as open_control() does.
    void take_over(UniqueFd control, const std::string& path, const std::string& former_path);

    // Of both.

    /// Opens the addresses of `metrics` and answers at the control socket.
    void resume() noexcept;

  private:
    event::Loop& loop_;
    event::DeadlineClock& clock_;
    AddCommands add_commands_;
    config::Metrics metrics_;
    std::unique_ptr<ControlServer> control_;
    Watchers watchers_;
};

}  // namespace geventd::master
