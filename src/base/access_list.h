// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace geventd {

/// Users and groups that may create files in a folder, besides its owner.
struct AccessList {
    std::vector<uid_t> users;
    std::vector<gid_t> groups;
};

/// The writers of a folder that belongs to `group` and whose mode lets the group write: that group,
/// or whoever its POSIX access control list names. `folder` may be O_PATH. Throws ErrnoError.
AccessList read_writers(int folder, gid_t group, const std::string& deed);

}  // namespace geventd
