// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "master/host/privileges.h"

namespace geventd::master {

/// While this object lives, this thread accesses files with the rights of another user, if the
/// identity names one and this process runs as root. Only file access changes, and only in this
/// thread (see base/closer.h for others). May be nested.
/// Lives in: master, briefly.
class RightsOf {
  public:
    /// Throws ErrnoError.
    explicit RightsOf(const Identity& identity);
    RightsOf(const RightsOf&) = delete;
    RightsOf& operator=(const RightsOf&) = delete;
    ~RightsOf();

  private:
    void give_back() const noexcept;

    bool taken_ = false;
    uid_t user_ = 0;  ///< the former value, like the other members
    gid_t group_ = 0;
    std::vector<gid_t> groups_;
    int dumpable_ = 0;
};

}  // namespace geventd::master
