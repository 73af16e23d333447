// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"
#include "master/host/privileges.h"

namespace geventd::master {

/// Where the log of the whole family goes: the file of `log.file` stands as standard output and
/// error of the master, which its children inherit; so whatever an application prints lands there
/// too. "stderr" leaves both as they are, and cannot come after a file.
/// Lives in: master.
class LogFile {
  public:
    /// `tenant`: whom the workers run as, who may be the one to change the log's folder. Outlives
    /// this object.
    explicit LogFile(const Identity& tenant) : tenant_(tenant) {}

    /// Opens the log as configured. Throws ErrnoError; the former log goes on then.
    void open(const config::Log& settings);

    /// After the file was renamed: a new one of the same name. A failure is logged.
    void reopen() noexcept;

    [[nodiscard]] bool is_file() const;

    /// Where the log goes by now: "stderr" or a file.
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    const Identity& tenant_;
    std::string path_ = "stderr";
};

}  // namespace geventd::master
