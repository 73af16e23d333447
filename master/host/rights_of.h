// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "master/host/privileges.h"

namespace geventd::master {

/// For as long as it lives this thread opens and finds files with the rights of another user, if
/// the identity names one and this process may do so, as root. Only the file system sees it; the
/// process' other threads (base/closer.h) keep the rights they have. May be nested.
/// Lives in: master, for moments.
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
    uid_t user_ = 0;  ///< what was there before, as are the others
    gid_t group_ = 0;
    std::vector<gid_t> groups_;
    int dumpable_ = 0;
};

}  // namespace geventd::master
