// SPDX-License-Identifier: MIT
#include "master/log_file.h"

#include <unistd.h>

#include <exception>

#include "base/errno_error.h"
#include "base/fd.h"
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

UniqueFd open_place(const std::string& place, const Identity& tenant) {
    return config::is_log_path(place) ? open_log_target(place, tenant) : duplicate(STDOUT_FILENO);
}

void write_to(const std::string& path, const Identity& tenant) {
    const UniqueFd file = open_place(path, tenant);
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
        if (::dup2(file.get(), standard) < 0) {
            throw_errno("dup2", path);
        }
    }
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
    if (settings.file != path_) {
        write_to(settings.file, tenant_);
        path_ = settings.file;
    }
    log::open(STDERR_FILENO, to_log(settings.level),
              settings.format == config::LogFormat::Json ? log::Format::Json : log::Format::Text);
}

void LogFile::change(const config::Log& settings) noexcept {
    try {
        open(settings);
        hand_out();
    } catch (const std::exception& error) {
        log::error("{}; the former log goes on", error.what());
    }
}

void LogFile::reopen() noexcept {
    if (!is_file()) {
        return;
    }
    try {
        write_to(path_, tenant_);
        log::redirect(STDERR_FILENO);
        log::info("the log goes on in a new {}", path_);
    } catch (const std::exception& error) {
        log::error("the log cannot be opened again: {}", error.what());
    }
    hand_out();
}

void LogFile::hand_out() noexcept {
    if (!is_file()) {
        return;
    }
    try {
        ipc::Message message;
        message.type = ipc::MessageType::Reopen;
        message.fds.push_back(duplicate(STDERR_FILENO));
        broadcast_(message);
    } catch (const std::exception& error) {
        log::error("the workers go on in the former log: {}", error.what());
    }
}

}  // namespace geventd::master
