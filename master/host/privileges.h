// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/place.h"
#include "base/result.h"

namespace geventd::master {

/// A user or group by name or number. Failure is one sentence.
Result<uid_t> find_user(const std::string& name);
Result<gid_t> find_group(const std::string& name);

/// Whom the template and the workers run as: resolved once, while everything can still be read.
struct Identity {
    std::optional<uid_t> user;  ///< none: stays
    std::optional<gid_t> group;
    std::vector<gid_t> supplementary;  ///< meant together with `group`
};

/// Whom the master must not trust with its rights; none when the workers have the same ones.
std::optional<Tenant> tenant_of(const Identity& identity);

/// For `process.user` and `process.group`, either of which may be empty. The user's own group and
/// its supplementary groups by the system's database; a user known by number alone needs a group.
Result<Identity> find_identity(const std::string& user, const std::string& group);

/// Becomes that user for good, in this order: supplementary groups, group, user; then proves that
/// there is no way back. Allocates nothing when it succeeds, so it may stand between fork and
/// exec. Without root only the present identity is possible. Throws ErrnoError. The kernel forgets
/// the parent-death signal over this: it is to be set after.
void become(const Identity& identity);

}  // namespace geventd::master
