// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"

namespace geventd::master {

/// Where the log of the whole family goes: the file of `log.file` stands as standard output and
/// error of the master, which its children inherit; so whatever an application prints lands there
/// too. "stderr" leaves both as they are.
/// Lives in: master.
class LogFile {
  public:
    /// Opens the log as configured. Throws ErrnoError; the former log goes on then.
    void open(const config::Log& settings);

    /// After the file was renamed: a new one of the same name. A failure is logged.
    void reopen() noexcept;

    [[nodiscard]] bool is_file() const;

  private:
    std::string path_ = "stderr";
};

}  // namespace geventd::master
