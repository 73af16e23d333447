// SPDX-License-Identifier: MIT
#include "master/host/host.h"

#include <sys/stat.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

Identity wanted_identity(const config::Process& settings) {
    auto identity = find_identity(settings);
    if (!identity) {
        throw std::runtime_error(identity.error().message);
    }
    return std::move(*identity);
}

}  // namespace

Result<Identity> find_identity(const config::Process& settings) {
    auto identity = find_identity(settings.user, settings.group);
    if (!identity) {
        return failure("process: " + identity.error().message);
    }
    if (const std::string why_not = why_not_become(*identity); !why_not.empty()) {
        return failure("process: " + why_not);
    }
    return identity;
}

Host::Host(const config::Process& settings, bool logs_to_stderr,
           const std::optional<Former>& former)
    : identity_(wanted_identity(settings)), logs_to_stderr_(logs_to_stderr) {
    if (!settings.umask.empty()) {
        ::umask(static_cast<mode_t>(std::strtoul(settings.umask.c_str(), nullptr, 8)));
    }
    if (settings.daemonize && !former) {
        daemon_ = Daemon::start();
    }
    if (settings.pidfile.empty()) {
        return;
    }
    if (former && std::filesystem::absolute(settings.pidfile) == former->pidfile) {
        former_pidfile_ = former->pidfile;
        return;
    }
    try {
        pidfile_.emplace(settings.pidfile, tenant_of(identity_));
    } catch (const std::exception& error) {
        failed(ExitCode::Config);
        throw std::runtime_error(fmt::format("process.{}", error.what()));
    }
}

void Host::take_pidfile(UniqueFd locked) {
    if (!former_pidfile_.empty() && locked) {
        pidfile_.emplace(former_pidfile_, std::move(locked));
        former_pidfile_.clear();
    }
}

void Host::take_pidfile_back() noexcept {
    try {
        if (pidfile_) {
            pidfile_->write_own_pid();
        }
    } catch (const std::exception& error) {
        log::error("{}", error.what());
    }
}

void Host::serving(const std::string& status) noexcept {
    notifier_.ready(status);
    if (!daemon_) {
        return;
    }
    try {
        daemon_->ready(logs_to_stderr_);
    } catch (const std::exception& error) {
        log::error("cannot detach from the terminal: {}", error.what());
    }
    daemon_.reset();
}

void Host::failed(ExitCode code) noexcept {
    if (daemon_) {
        daemon_->failed(code);
        daemon_.reset();
    }
}

}  // namespace geventd::master
