// SPDX-License-Identifier: MIT
#include "master/control/admin_servers.h"

#include <utility>

#include "net/socket_file.h"

namespace geventd::master {

AdminServers::AdminServers(event::Loop& loop, event::DeadlineClock& clock, AddCommands add_commands,
                           PageSource pages, config::Metrics metrics)
    : loop_(loop),
      clock_(clock),
      add_commands_(std::move(add_commands)),
      metrics_(std::move(metrics)),
      metrics_servers_(loop, clock, std::move(pages)) {}

void AdminServers::open_control(const std::string& path, UniqueFd listening) {
    ControlServer::Options control;
    control.path = path;
    control.listening = std::move(listening);
    control_ = std::make_unique<ControlServer>(loop_, clock_, std::move(control));
    add_commands_(*control_);
}

void AdminServers::change_metrics(const config::Metrics& metrics) noexcept {
    metrics_ = metrics;
    metrics_servers_.renew(metrics_);
}

void AdminServers::restore_lost() noexcept {
    if (control_ != nullptr) {
        control_->renew();
    }
    if (metrics_servers_.have_lost()) {
        metrics_servers_.renew(metrics_);
    }
}

void AdminServers::hold() noexcept {
    control_->renew();
    control_->hold();
    metrics_servers_.close();
}

void AdminServers::take_over(UniqueFd control, const std::string& path,
                             const std::string& former_path) {
    if (control_ == nullptr) {
        open_control(path, std::move(control));
        control_->hold();
    } else {
        net::SocketFile::of(control.get(), former_path).unlink_own();
    }
}

void AdminServers::resume() noexcept {
    control_->resume();
    metrics_servers_.renew(metrics_);
}

}  // namespace geventd::master
