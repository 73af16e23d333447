// SPDX-License-Identifier: MIT
#include "master/log_file.h"

#include <unistd.h>

#include <exception>

#include "base/errno_error.h"
#include "base/fd.h"
#include "ipc/named_fds.h"
#include "log/logger.h"
#include "log/outlet.h"
#include "master/host/log_target.h"

namespace geventd::master {

namespace {

log::Level to_log(config::LogLevel level) {
    switch (level) {
        case config::LogLevel::Debug:
            return log::Level::Debug;
        case config::LogLevel::Info:
            return log::Level::Info;
        case config::LogLevel::Warning:
            return log::Level::Warning;
        case config::LogLevel::Error:
            break;
    }
    return log::Level::Error;
}

void write_to(const std::string& place, const Identity& tenant) {
    const UniqueFd file =
        config::is_log_path(place) ? open_log_target(place, tenant) : duplicate(STDOUT_FILENO);
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
        if (::dup2(file.get(), standard) < 0) {
            throw_errno("dup2", place);
        }
    }
}

// Empty: the access log goes with the log.
UniqueFd open_access(const std::string& place, const Identity& tenant) {
    if (config::is_access_path(place)) {
        return open_log_target(place, tenant, "log.access-file");
    }
    return place.empty() ? UniqueFd() : duplicate(STDOUT_FILENO);
}

}  // namespace

bool LogFile::is_file() const {
    return config::is_log_path(path_);
}

void LogFile::tell_terminal(const std::string& line) const {
    if (path_ != "stderr") {
        log::Outlet terminal;
        terminal.open(terminal_.get());
        terminal.write(line + "\n");
        terminal.finish();
    }
}

void LogFile::open(const config::Log& settings) {
    if (settings.access_file != access_path_) {
        access_ = open_access(settings.access_file, tenant_);
        access_path_ = settings.access_file;
    }
    if (settings.file != path_) {
        write_to(settings.file, tenant_);
        path_ = settings.file;
    }
    log::open(STDERR_FILENO, to_log(settings.level),
              settings.format == config::LogFormat::Json ? log::Format::Json : log::Format::Text);
}

void LogFile::change(const config::Log& settings) noexcept {
    const bool had_access = static_cast<bool>(access_);
    try {
        open(settings);
    } catch (const std::exception& error) {
        log::error("{}; the former log goes on", error.what());
    }
    if (is_file() || access_ || had_access) {
        hand_out();
    }
}

void LogFile::reopen() noexcept {
    const bool has_access_file = config::is_access_path(access_path_);
    if (!is_file() && !has_access_file) {
        return;
    }
    try {
        if (is_file()) {
            write_to(path_, tenant_);
            log::redirect(STDERR_FILENO);
            log::info("the log goes on in a new {}", path_);
        }
        if (has_access_file) {
            access_ = open_access(access_path_, tenant_);
            log::info("the access log goes on in a new {}", access_path_);
        }
    } catch (const std::exception& error) {
        log::error("the log cannot be opened again: {}", error.what());
    }
    hand_out();
}

void LogFile::hand_out() noexcept {
    try {
        ipc::NamedFds fds;
        if (is_file()) {
            fds.add(ipc::kReopenLog, duplicate(STDERR_FILENO));
        }
        if (access_) {
            fds.add(ipc::kReopenAccessLog, duplicate(access_.get()));
        }
        ipc::Message message;
        message.type = ipc::MessageType::Reopen;
        message.text = fds.names();
        message.fds = fds.release();
        broadcast_(message);
    } catch (const std::exception& error) {
        log::error("the workers go on in the former log: {}", error.what());
    }
}

}  // namespace geventd::master
