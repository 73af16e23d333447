// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/fd.h"
#include "config/settings.h"
#include "event/loop.h"
#include "ipc/messages.h"
#include "master/host/privileges.h"
#include "master/supervise/log_state.h"
#include "master/syslog_relay.h"

namespace geventd::master {

/// The log of the master and all its children: the file of `log.file` is opened as the master's
/// standard output and error, which the children inherit, so it also receives what an application
/// prints. "stderr" leaves both as they are, "stdout" is for both; neither can come after a file.
/// "journald" is a stream into the journal, "syslog" a pipe that the master hands on. The access
/// log goes with it, or to a place of its own, which processes get as a descriptor. Lives in:
/// master.
class LogFile {
  public:
    /// Sends a message to all processes.
    using Broadcast = std::function<void(const ipc::Message&)>;

    /// `tenant`: the user that workers run as, who might replace the log's folder. Outlives this
    /// object.
    LogFile(event::Loop& loop, event::DeadlineClock& clock, const Identity& tenant,
            Broadcast broadcast)
        : loop_(loop), clock_(clock), tenant_(tenant), broadcast_(std::move(broadcast)) {}

    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;

    /// What the master says from now on goes to the terminal, if it was kept, and no more to
    /// syslog.
    ~LogFile();

    /// Keeps the original standard error until forget_terminal(), so that a failing start is
    /// reported there as well as in the log file. Throws ErrnoError.
    void keep_terminal() { terminal_ = duplicate(STDERR_FILENO); }

    void forget_terminal() { terminal_.reset(); }

    /// Writes the line to that standard error, if the log goes elsewhere.
    void tell_terminal(const std::string& line) const;

    /// Opens the log as configured. Throws ErrnoError; then the former log stays.
    void open(const config::Log& settings);

    /// Like open(), but in all processes. Logs a failure.
    void change(const config::Log& settings) noexcept;

    /// Makes all processes open the files of these names again, after they were renamed. Logs a
    /// failure.
    void reopen() noexcept;

    /// Where the log goes now: "stderr", "stdout", "syslog", "journald" or a path.
    [[nodiscard]] const std::string& path() const { return path_; }

    /// Where the access log goes now: "stdout", a path, or "" for the log.
    [[nodiscard]] const std::string& access_path() const { return access_path_; }

    /// For new processes.
    [[nodiscard]] const LogState& state() const { return state_; }

  private:
    [[nodiscard]] bool is_elsewhere() const;
    void open_access(const std::string& place);
    void open_log(const config::Log& settings);
    void write_to(const std::string& place);
    UniqueFd open_place(const std::string& place);
    void hand_out() noexcept;

    event::Loop& loop_;
    event::DeadlineClock& clock_;
    const Identity& tenant_;
    Broadcast broadcast_;
    std::string path_ = "stderr";
    std::string access_path_;
    LogState state_;
    UniqueFd terminal_;
    std::unique_ptr<SyslogRelay> syslog_;  ///< from the first use on
};

}  // namespace geventd::master
