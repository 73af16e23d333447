// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/place.h"
#include "base/result.h"

namespace geventd::master {

/// Looks a user or group up by name or number. Fails with a sentence.
Result<uid_t> find_user(const std::string& name);
Result<gid_t> find_group(const std::string& name);

/// The user of templates and workers, resolved once, while the user database is still readable.
struct Identity {
    std::optional<uid_t> user;  ///< nullopt: unchanged
    std::optional<gid_t> group;
    std::vector<gid_t> supplementary;  ///< set together with `group`
};

/// The user that must not get the master's rights; nullopt when workers run as the master's user.
std::optional<Tenant> tenant_of(const Identity& identity);

/// For `process.user` and `process.group`, either of which may be empty. Finds the user's own
/// group and supplementary groups in the system's database; a user given as a number without an
/// entry needs a group. Where this process may not change users, its own user keeps its groups.
Result<Identity> find_identity(const std::string& user, const std::string& group);

/// Why this process cannot become that user and group, as a sentence; "": it can.
std::string why_not_become(const Identity& identity);

/// Changes to that user for good, in this order: supplementary groups, group, user; then verifies
/// that there is no way back. Allocates nothing on success, so it may be called between fork and
/// exec. Without root only the present identity is possible. Throws ErrnoError. The kernel clears
/// the parent-death signal in doing so: set it afterwards.
void become(const Identity& identity);

}  // namespace geventd::master
