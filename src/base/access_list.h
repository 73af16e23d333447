// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace geventd {

/// Users and groups who may make files in a folder, besides its owner.
struct AccessList {
    std::vector<uid_t> users;
    std::vector<gid_t> groups;
};

/// Those of a folder (its descriptor may be O_PATH) that belongs to `group` and whose mode lets
/// the group write: that group, or whom its POSIX access control list names. Throws ErrnoError.
AccessList read_writers(int folder, gid_t group, const std::string& deed);

}  // namespace geventd
