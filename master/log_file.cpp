// SPDX-License-Identifier: MIT
#include "master/log_file.h"

#include <unistd.h>

#include <exception>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/fd.h"
#include "ipc/named_fds.h"
#include "log/logger.h"
#include "log/outlet.h"
#include "master/host/journal.h"
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

// Empty: the access log goes with the log.
UniqueFd access_at(const std::string& place, const Identity& tenant) {
    if (config::is_access_path(place)) {
        return open_log_target(place, tenant, "log.access-file");
    }
    return place.empty() ? UniqueFd() : duplicate(STDOUT_FILENO);
}

// Logs the failure of one log, so that the other does not suffer from it.
template <typename Open>
void attempt(fmt::format_string<const char*> failure, Open open) {
    try {
        open();
    } catch (const std::exception& error) {
        log::error("{}", fmt::format(failure, error.what()));
    }
}

}  // namespace

LogFile::~LogFile() {
    if (syslog_ && terminal_) {
        ::dup2(terminal_.get(), STDERR_FILENO);
        log::redirect(STDERR_FILENO);
    }
}

bool LogFile::is_elsewhere() const {
    return path_ != "stderr" && path_ != "stdout";
}

UniqueFd LogFile::open_place(const std::string& place) {
    if (place == "stdout") {
        return duplicate(STDOUT_FILENO);
    }
    if (place == "journald") {
        return open_journal();
    }
    if (place != "syslog") {
        return open_log_target(place, tenant_);
    }
    if (!syslog_) {
        syslog_ = std::make_unique<SyslogRelay>(loop_, clock_);
    }
    return duplicate(syslog_->writer());
}

void LogFile::write_to(const std::string& place) {
    const UniqueFd file = open_place(place);
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
        if (::dup2(file.get(), standard) < 0) {
            throw_errno("dup2", place);
        }
    }
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
    open_access(settings.access_file);
    open_log(settings);
}

void LogFile::open_access(const std::string& place) {
    if (place != access_path_) {
        state_.access = access_at(place, tenant_);
        access_path_ = place;
    }
}

void LogFile::open_log(const config::Log& settings) {
    if (settings.file != path_) {
        write_to(settings.file);
        path_ = settings.file;
    }
    state_.has_marks = config::is_log_service(path_);
    log::open(STDERR_FILENO, to_log(settings.level),
              settings.format == config::LogFormat::Json ? log::Format::Json : log::Format::Text);
    log::mark_severities(state_.has_marks);
}

void LogFile::change(const config::Log& settings) noexcept {
    const bool had_access = static_cast<bool>(state_.access);
    attempt("{}; the former log goes on", [&] { open_access(settings.access_file); });
    attempt("{}; the former log goes on", [&] { open_log(settings); });
    if (is_elsewhere() || state_.access || had_access) {
        hand_out();
    }
}

void LogFile::reopen() noexcept {
    const bool has_access_file = config::is_access_path(access_path_);
    if (!is_elsewhere() && !has_access_file) {
        return;
    }
    if (is_elsewhere()) {
        attempt("the log cannot be opened again: {}", [&] {
            write_to(path_);
            log::redirect(STDERR_FILENO);
            log::info("the log goes on in a new {}", path_);
        });
    }
    if (has_access_file) {
        attempt("the log cannot be opened again: {}", [&] {
            state_.access = access_at(access_path_, tenant_);
            log::info("the access log goes on in a new {}", access_path_);
        });
    }
    hand_out();
}

void LogFile::hand_out() noexcept {
    try {
        ipc::NamedFds fds;
        if (is_elsewhere()) {
            fds.add(ipc::kReopenLog, duplicate(STDERR_FILENO));
        }
        if (state_.access) {
            fds.add(ipc::kReopenAccessLog, duplicate(state_.access.get()));
        }
        ipc::Message message;
        message.type = ipc::MessageType::Reopen;
        message.value = state_.has_marks ? 1 : 0;
        message.text = fds.names();
        message.fds = fds.release();
        broadcast_(message);
    } catch (const std::exception& error) {
        log::error("the workers go on in the former log: {}", error.what());
    }
}

}  // namespace geventd::master
