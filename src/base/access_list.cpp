// SPDX-License-Identifier: MIT
#include "base/access_list.h"

#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>

#include <endian.h>
#include <fmt/core.h>

#include "base/errno_error.h"

namespace geventd {

namespace {

constexpr const char* kAttribute = "system.posix_acl_access";

void add_entry(AccessList& writers, const posix_acl_xattr_entry& entry, gid_t group) {
    if ((le16toh(entry.e_perm) & ACL_WRITE) == 0) {
        return;
    }
    switch (le16toh(entry.e_tag)) {
        case ACL_USER:
            writers.users.push_back(le32toh(entry.e_id));
            break;
        case ACL_GROUP_OBJ:
            writers.groups.push_back(group);
            break;
        case ACL_GROUP:
            writers.groups.push_back(le32toh(entry.e_id));
            break;
        default:
            break;  // the owner, everybody else and the mask are in the mode, too
    }
}

}  // namespace

AccessList read_writers(int folder, gid_t group, const std::string& deed) {
    const std::string path = fmt::format("/proc/self/fd/{}", folder);
    std::vector<char> list(XATTR_SIZE_MAX);
    const ssize_t got = ::getxattr(path.c_str(), kAttribute, list.data(), list.size());
    if (got < 0) {
        if (errno == ENODATA || errno == EOPNOTSUPP) {
            return {{}, {group}};
        }
        throw_errno(deed + ": read the folder's access control list");
    }
    AccessList writers;
    posix_acl_xattr_entry entry{};
    for (std::size_t at = sizeof(posix_acl_xattr_header);
         at + sizeof entry <= static_cast<std::size_t>(got); at += sizeof entry) {
        std::memcpy(&entry, list.data() + at, sizeof entry);
        add_entry(writers, entry, group);
    }
    return writers;
}

}  // namespace geventd
