// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/place.h"

namespace geventd::master {

/// A file that holds the master's pid, readable by all, and beside it PATH.lock, which only root
/// and the master's user can open, with a lock for as long as the master lives: a second master
/// with the same pidfile is refused, and files left by a killed one are no obstacle. Both are
/// removed with the object, by the process whose pid stands there, if they are still the same.
/// Lives in: master.
class Pidfile {
  public:
    /// Locks, and writes this process' pid. Warns when the tenant or others can put another file in
    /// its place. Throws std::exception with a sentence.
    explicit Pidfile(const std::string& path, const std::optional<Tenant>& tenant = std::nullopt);
    Pidfile(const Pidfile&) = delete;
    Pidfile& operator=(const Pidfile&) = delete;
    ~Pidfile();

    /// Takes over the lock of another master, by its descriptor, and writes this process' pid.
    /// Throws std::exception.
    Pidfile(const std::string& path, UniqueFd locked);

    [[nodiscard]] const std::string& path() const { return path_; }

    /// Another copy of the descriptor, which holds the lock too. Throws ErrnoError.
    [[nodiscard]] UniqueFd copy() const { return duplicate(lock_.get()); }

    /// Writes the pid again, after a fork: the lock goes over to the child. The file is replaced
    /// in one step, so that no reader meets half of it. Locks again if somebody has removed the
    /// lock. Throws ErrnoError.
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
    UniqueFd former_;   ///< what an older version locked: the pidfile itself
    UniqueFd written_;  ///< the file with our pid, held so that its inode is not used again
    pid_t writer_ = 0;
};

}  // namespace geventd::master
