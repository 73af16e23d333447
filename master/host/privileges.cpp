// SPDX-License-Identifier: MIT
#include "master/host/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include <fmt/core.h>

#include "base/errno_error.h"

// getpwnam() and the like return static memory; the master has a single thread that calls them.

namespace geventd::master {

namespace {

std::optional<unsigned> number_in(const std::string& text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    // The kernel takes the largest number for "unchanged".
    if (error != std::errc{} || end != text.data() + text.size() || number + 1 == 0) {
        return std::nullopt;
    }
    return number;
}

/// Whether the kernel lets this process change its user and groups: root as a rule, but not in a
/// container that has dropped the capabilities.
bool may_change_users() {
    constexpr unsigned kNeeded = (1U << CAP_SETUID) | (1U << CAP_SETGID);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) {
        return ::geteuid() == 0;
    }
    return (sets[0].effective & kNeeded) == kNeeded;
}

bool is_present(const Identity& identity) {
    return identity.user.value_or(::geteuid()) == ::geteuid() &&
           identity.group.value_or(::getegid()) == ::getegid();
}

/// The user's database entry, by name or number; nullptr when there is none.
const passwd* entry_of(const std::string& user) {
    if (const passwd* entry = ::getpwnam(user.c_str())) {
        return entry;
    }
    const auto number = number_in(user);
    return number ? ::getpwuid(*number) : nullptr;
}

std::vector<gid_t> supplementary_groups(const char* user, gid_t group) {
    std::vector<gid_t> groups(64);
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(user, group, groups.data(), &count) < 0) {
        groups.resize(static_cast<std::size_t>(count));  // getgrouplist() has set the needed size
        ::getgrouplist(user, group, groups.data(), &count);
    }
    groups.resize(static_cast<std::size_t>(count));
    return groups;
}

void become_group(const Identity& identity) {
    const gid_t group = *identity.group;
    if (!may_change_users() && ::getegid() == group && ::getgid() == group) {
        return;
    }
    if (::setgroups(identity.supplementary.size(), identity.supplementary.data()) != 0) {
        throw_errno("set the supplementary groups");
    }
    if (::setresgid(group, group, group) != 0) {
        throw_errno("become group", std::to_string(group));
    }
}

void become_user(uid_t user) {
    if (::setresuid(user, user, user) != 0) {
        throw_errno("become user", std::to_string(user));
    }
    if (user != 0 && (::setuid(0) == 0 || ::seteuid(0) == 0)) {
        throw ErrnoError(EPERM, "root could be regained");
    }
}

}  // namespace

Result<uid_t> find_user(const std::string& name) {
    if (const passwd* entry = ::getpwnam(name.c_str())) {
        return entry->pw_uid;
    }
    if (const auto number = number_in(name)) {
        return *number;
    }
    return failure(fmt::format("there is no user '{}'", name));
}

Result<gid_t> find_group(const std::string& name) {
    if (const ::group* entry = ::getgrnam(name.c_str())) {
        return entry->gr_gid;
    }
    if (const auto number = number_in(name)) {
        return *number;
    }
    return failure(fmt::format("there is no group '{}'", name));
}

Result<Identity> find_identity(const std::string& user, const std::string& group) {
    Identity identity;
    if (!group.empty()) {
        const auto found = find_group(group);
        if (!found) {
            return tl::unexpected(found.error());
        }
        identity.group = *found;
        identity.supplementary = {*found};
    }
    if (user.empty()) {
        return identity;
    }
    const auto number = find_user(user);
    if (!number) {
        return tl::unexpected(number.error());
    }
    identity.user = *number;
    if (group.empty() && is_present(identity) && !may_change_users()) {
        return identity;  // who is this user already keeps the groups that it was started with
    }
    if (const passwd* entry = entry_of(user)) {
        identity.group = identity.group.value_or(entry->pw_gid);
        const std::string name = entry->pw_name;
        identity.supplementary = supplementary_groups(name.c_str(), *identity.group);
    } else if (!identity.group) {
        return failure(fmt::format(
            "user {} is not in the system's database: its group must be given too", user));
    }
    return identity;
}

std::string why_not_become(const Identity& identity) {
    if (is_present(identity) || may_change_users()) {
        return "";
    }
    return fmt::format(
        "{} started geventd, and only root can give its workers another user or group: leave "
        "process.user and process.group out, or let root start it",
        ::geteuid() == 0 ? "root without the capabilities SETUID and SETGID"
                         : user_text(::geteuid()));
}

std::optional<Tenant> tenant_of(const Identity& identity) {
    if (!identity.user || *identity.user == 0 || *identity.user == ::geteuid()) {
        return std::nullopt;
    }
    Tenant tenant{*identity.user, identity.supplementary};
    tenant.groups.push_back(identity.group.value_or(::getegid()));
    return tenant;
}

void become(const Identity& identity) {
    if (identity.group) {
        become_group(identity);
    }
    if (identity.user) {
        become_user(*identity.user);
    }
}

}  // namespace geventd::master
