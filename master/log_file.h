// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <functional>
#include <string>
#include <utility>

#include "base/fd.h"
#include "config/settings.h"
#include "ipc/messages.h"
#include "master/host/privileges.h"

namespace geventd::master {

/// Where the log of the whole family goes: the file of `log.file` stands as standard output and
/// error of the master, which its children inherit; so whatever an application prints lands there
/// too. "stderr" leaves both as they are, and cannot come after a file.
/// Lives in: master.
class LogFile {
  public:
    /// Sends a message to all processes.
    using Broadcast = std::function<void(const ipc::Message&)>;

    /// `tenant`: whom the workers run as, who may be the one to change the log's folder. Outlives
    /// this object.
    LogFile(const Identity& tenant, Broadcast broadcast)
        : tenant_(tenant), broadcast_(std::move(broadcast)) {}

    /// Keeps the standard error that the server was started with, until forget_terminal(): who
    /// starts it by hand should not have to look into a log file for why it does not serve.
    /// Throws ErrnoError.
    void keep_terminal() { terminal_ = duplicate(STDERR_FILENO); }

    void forget_terminal() { terminal_.reset(); }

    /// Says it there, when the log goes elsewhere.
    void tell_terminal(const std::string& line) const;

    /// Opens the log as configured. Throws ErrnoError; the former log goes on then.
    void open(const config::Log& settings);

    /// As open(), for all processes. A failure is logged.
    void change(const config::Log& settings) noexcept;

    /// After the file was renamed: has all processes write to a new one of the same name. A failure
    /// is logged.
    void reopen() noexcept;

    [[nodiscard]] bool is_file() const;

    /// Where the log goes by now: "stderr" or a file.
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    void hand_out() noexcept;

    const Identity& tenant_;
    Broadcast broadcast_;
    std::string path_ = "stderr";
    UniqueFd terminal_;
};

}  // namespace geventd::master
