// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/place.h"

namespace geventd::master {

/// A file with the master's pid, readable by all, and beside it PATH.lock, which only root and the
/// master's user can open and the master keeps locked while it lives: a second master with the
/// same pidfile is refused, while files left by a killed one do not matter. The destructor removes
/// both if they are unchanged, in the process whose pid they hold.
/// Lives in: master.
class Pidfile {
  public:
    /// Locks, and writes this process' pid. Warns when the tenant or others could replace the
    /// file. Throws std::exception with a sentence.
    explicit Pidfile(const std::string& path, const std::optional<Tenant>& tenant = std::nullopt);
    Pidfile(const Pidfile&) = delete;
    Pidfile& operator=(const Pidfile&) = delete;
    ~Pidfile();

    /// Takes over another master's lock, by its descriptor, and writes this process' pid. Throws
    /// std::exception.
    Pidfile(const std::string& path, UniqueFd locked);

    [[nodiscard]] const std::string& path() const { return path_; }

    /// A copy of the descriptor, which shares the lock. Throws ErrnoError.
    [[nodiscard]] UniqueFd copy() const { return duplicate(lock_.get()); }

    /// Writes the pid again after a fork; the child shares the lock. The file is replaced
    /// atomically, so that no reader sees a part of it. Locks again if the lock file was removed.
    /// Throws ErrnoError.
    void write_own_pid();

  private:
    void lock();
    void warn_of_strangers(const std::optional<Tenant>& tenant) const;
    [[nodiscard]] UniqueFd open_lock() const;
    [[nodiscard]] std::string holder() const;
    [[nodiscard]] bool is_at(const std::string& name, const UniqueFd& file) const;

    std::string path_;
    Place place_;
    std::string lock_name_;
    UniqueFd lock_;
    UniqueFd former_;   ///< the pidfile, which older versions locked
    UniqueFd written_;  ///< our pidfile; open so that its inode is not reused
    pid_t writer_ = 0;
};

}  // namespace geventd::master
