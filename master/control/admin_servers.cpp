// SPDX-License-Identifier: MIT
#include "master/control/admin_servers.h"

#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/errno_error.h"
#include "config/control_place.h"
#include "log/logger.h"
#include "net/socket_file.h"

namespace geventd::master {

namespace {

std::string absolute(const std::string& place) {
    return config::is_off(place) || config::is_abstract(place)
               ? place
               : std::filesystem::absolute(place).string();
}

// A folder that is missing, read-only, closed to this user or full. Nobody has chosen a default
// path for such a folder, and a server that serves is worth more than its control socket.
bool is_obstacle(int code) {
    return code == EROFS || code == EACCES || code == EPERM || code == ENOENT || code == ENOTDIR ||
           code == ENOSPC || code == EDQUOT;
}

}  // namespace

AdminServers::AdminServers(event::Loop& loop, event::DeadlineClock& clock, AddCommands add_commands,
                           PageSource pages, config::Metrics metrics)
    : loop_(loop),
      clock_(clock),
      add_commands_(std::move(add_commands)),
      metrics_(std::move(metrics)),
      metrics_servers_(loop, clock, std::move(pages)) {}

void AdminServers::serve_control(const std::string& place, UniqueFd listening) {
    ControlServer::Options control;
    control.path = place;
    control.listening = std::move(listening);
    control_ = std::make_unique<ControlServer>(loop_, clock_, std::move(control));
    add_commands_(*control_);
    place_ = absolute(place);
}

void AdminServers::open_control(const config::Settings& settings) {
    if (config::is_off(settings.control)) {
        return;
    }
    const std::string& fallback = settings.control_fallback;
    try {
        return serve_control(settings.control);
    } catch (const ErrnoError& error) {
        if (fallback.empty() || !is_obstacle(error.code().value())) {
            throw;
        }
        log::warning("{}; the control socket is {} instead (see control)", error.what(), fallback);
    }
    try {
        serve_control(fallback);
    } catch (const ErrnoError& error) {
        log::warning("geventctl cannot reach this server: {}", error.what());
    }
}

void AdminServers::prepare_control(const config::Settings& settings,
                                   const std::string& former_place) {
    inherits_ = former_place == absolute(settings.control) ||
                (!former_place.empty() && former_place == settings.control_fallback);
    if (!inherits_) {
        open_control(settings);
    }
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
    if (control_ != nullptr) {
        control_->renew();
        control_->hold();
    }
    metrics_servers_.close();
}

void AdminServers::take_over(UniqueFd control, const std::string& former_place) {
    if (inherits_ && control) {
        serve_control(former_place, std::move(control));
        control_->hold();
    } else if (control && !config::is_abstract(former_place)) {
        net::SocketFile::of(control.get(), former_place).unlink_own();
    }
}

void AdminServers::let_go() {
    if (control_ != nullptr) {
        control_->let_go();
    }
}

void AdminServers::resume() noexcept {
    if (control_ != nullptr) {
        control_->resume();
    }
    metrics_servers_.renew(metrics_);
}

}  // namespace geventd::master
