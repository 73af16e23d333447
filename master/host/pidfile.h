// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"

namespace geventd::master {

/// A file that holds the master's pid and a lock for as long as the master lives: a second master
/// with the same pidfile is refused, and a file left by a killed one is no obstacle. Removed with
/// the object, by the process whose pid stands in it, if it is still the same file.
/// Lives in: master.
class Pidfile {
  public:
    /// Locks the file, which is made if it is missing, and writes this process' pid. Throws
    /// ErrnoError; code EWOULDBLOCK when another process holds it.
    explicit Pidfile(const std::string& path);
    Pidfile(const Pidfile&) = delete;
    Pidfile& operator=(const Pidfile&) = delete;
    ~Pidfile();

    /// Takes over a file that another master has locked, with its descriptor, and writes this
    /// process' pid. Throws ErrnoError.
    Pidfile(const std::string& path, UniqueFd locked);

    [[nodiscard]] const std::string& path() const { return path_; }

    /// Another copy of the descriptor, which holds the lock too. Throws ErrnoError.
    [[nodiscard]] UniqueFd copy() const { return duplicate(fd_.get()); }

    /// Writes the pid again, after a fork: the lock goes over to the child. Throws ErrnoError.
    void write_own_pid();

  private:
    [[nodiscard]] bool is_still_ours() const;
    [[nodiscard]] bool names_us() const;

    std::string path_;
    UniqueFd fd_;
    pid_t written_ = 0;
};

}  // namespace geventd::master
