// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace geventd {

/// Files of this user can only have been created by that user or by root, whom we trust anyway.
bool is_trusted(uid_t user);

/// The user that the server's workers run as, if that is neither root nor this process' own user.
/// A tenant could exploit a more privileged process that opens files for it.
struct Tenant {
    uid_t user;
    std::vector<gid_t> groups;  ///< all of them
};

/// "user www-data", or by the number when the system does not know it.
std::string user_text(uid_t user);

/// Users besides root and this process' own who may put something else at a path.
class Strangers {
  public:
    void add_user(uid_t user, const std::string& folder);
    void add_group(gid_t group, const std::string& folder);
    void add_everybody(const std::string& folder);
    void add(const Strangers& others);

    [[nodiscard]] bool empty() const { return all_.empty(); }

    /// Whether a user with these groups is among them.
    [[nodiscard]] bool include(uid_t user, const std::vector<gid_t>& groups) const;

    /// Describes one of them for people: "user www-data may change /srv/app".
    [[nodiscard]] std::string text() const;

  private:
    struct One {
        std::optional<uid_t> user;
        std::optional<gid_t> group;  ///< neither user nor group: everybody
        std::string folder;
    };

    std::vector<One> all_;
};

/// Where a path leads: a name in a folder, and who may put something else there. The folder is held
/// open, so that nobody can put another folder in its place.
struct Place {
    UniqueFd folder;  ///< O_PATH
    std::string name;
    Strangers strangers;

    /// No stranger can put another folder in the place of this one.
    bool is_folder_sure = true;

    /// The folder is one like /tmp, where everybody may create files but change only their own, and
    /// the name is free: whoever creates it with O_EXCL owns it.
    bool is_free_for_all = false;

    /// Strangers may create files in the folder, but not replace existing ones.
    bool is_shared = false;

    /// The name is a link of the kernel's in /proc, such as /proc/1/fd/1. It leads to an open file,
    /// which often has no path, so whoever opens it must let the kernel follow it.
    bool is_kernels_link = false;

    /// The path is one of this process' own descriptors, such as /dev/stdout.
    std::optional<int> descriptor;
};

/// Whether to follow a link at the end of the path.
enum class LastLink { Follow, Leave };

/// Resolves a path step by step, without opening the file. Follows links that only root and this
/// process' user can have created; refuses a link on the way that others may have created.
/// A folder that a group may change, by its mode or its access control list, counts as one that
/// strangers may change. Exceptions are root's group, a group of this process' user alone and
/// Ubuntu's `syslog`, unless the tenant is a member. The members of other groups are not looked up:
/// the answer may be far away (LDAP), wrong, or different tomorrow.
/// Throws std::exception with a sentence that begins with `deed`.
Place find_place(const std::string& deed, const std::string& path, LastLink last,
                 const std::optional<Tenant>& tenant = std::nullopt);

}  // namespace geventd
