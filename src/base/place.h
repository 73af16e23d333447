// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace geventd {

/// Nobody but this user or root can have put a file there that belongs to it.
bool is_trusted(uid_t user);

/// As whom the workers of a server run, when that is neither root nor this process' own user: who
/// may gain by what a process with more rights does with a file.
struct Tenant {
    uid_t user;
    std::vector<gid_t> groups;  ///< all of them
};

/// "user www-data", or by the number when the system does not know it.
std::string user_text(uid_t user);

/// Those besides root and this process' own user who may put something else at a path.
class Strangers {
  public:
    void add_user(uid_t user, const std::string& folder);
    void add_group(gid_t group, const std::string& folder);
    void add_everybody(const std::string& folder);
    void add(const Strangers& others);

    [[nodiscard]] bool empty() const { return all_.empty(); }

    /// A user of these groups is among them.
    [[nodiscard]] bool include(uid_t user, const std::vector<gid_t>& groups) const;

    /// One of them for people: "user www-data may change /srv/app".
    [[nodiscard]] std::string text() const;

  private:
    struct One {
        std::optional<uid_t> user;
        std::optional<gid_t> group;  ///< neither: everybody
        std::string folder;
    };

    std::vector<One> all_;
};

/// Where a path leads: a name in a folder that is held, so that nobody can slide another folder
/// under it, and who may put something else there.
struct Place {
    UniqueFd folder;  ///< O_PATH
    std::string name;
    Strangers strangers;

    /// None of them can put another folder in the place of this one.
    bool is_folder_sure = true;

    /// The name is free in a folder where all may make files and each may change its own alone: who
    /// makes it there, and nobody else (O_EXCL), has it for himself.
    bool is_free_for_all = false;

    /// Strangers may put files into the folder, if not in the place of those that are there.
    bool is_shared = false;

    /// The name is a link of the kernel's in /proc, such as /proc/1/fd/1. It leads to what is open
    /// there, which often has no path: whoever opens it lets the kernel follow.
    bool is_kernels_link = false;

    /// The path is one of this process' own descriptors, such as /dev/stdout.
    std::optional<int> descriptor;
};

/// Whether a link that stands at the path itself is followed, too.
enum class LastLink { Follow, Leave };

/// Goes the way of a path by itself. Links that only root and this process' user can have put
/// there are followed; one on the way that others may have put there is refused. Opens nothing.
/// A folder that a group may change, by its mode or its access control list, is one that strangers
/// may change, but for root's group, the group of this process' user alone and Ubuntu's `syslog`,
/// as long as the tenant is in none of them. Who else is in a group is not asked: the answer may
/// be far away (LDAP), wrong, or another one tomorrow.
/// Throws std::exception with a sentence that begins with `deed`.
Place find_place(const std::string& deed, const std::string& path, LastLink last,
                 const std::optional<Tenant>& tenant = std::nullopt);

}  // namespace geventd
