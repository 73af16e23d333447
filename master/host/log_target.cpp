// SPDX-License-Identifier: MIT
#include "master/host/log_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <stdexcept>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "base/place.h"
#include "master/host/rights_of.h"

namespace geventd::master {

namespace {

constexpr mode_t kMode = 0640;
// Without O_NONBLOCK, opening a FIFO without a reader would block the master forever.
constexpr int kFlags =
    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;

[[noreturn]] void refuse(const std::string& action, const std::string& why) {
    throw std::runtime_error(fmt::format("{}: {}", action, why));
}

UniqueFd open_at(const Place& place, int more_flags) noexcept {
    const int flags = place.is_kernels_link ? kFlags & ~O_NOFOLLOW : kFlags;
    return UniqueFd::adopt(
        ::openat(place.folder.get(), place.name.c_str(), flags | more_flags, kMode));
}

struct stat status_of(const UniqueFd& file, const std::string& action) {
    struct stat status {};

    if (::fstat(file.get(), &status) != 0) {
        throw_errno(action);
    }
    return status;
}

[[noreturn]] void say_why_not(const std::string& action, const Place& place, int code) {
    struct stat found {};

    const bool is_there = ::fstatat(place.folder.get(), place.name.c_str(), &found,
                                    place.is_kernels_link ? 0 : AT_SYMLINK_NOFOLLOW) == 0;
    if (code == ENXIO && is_there && S_ISFIFO(found.st_mode)) {
        refuse(action, "nobody reads from this FIFO");
    }
    if (is_there && S_ISLNK(found.st_mode)) {
        refuse(action, "it is a link, which is not followed: " + place.strangers.text());
    }
    throw ErrnoError(code, place.strangers.empty()
                               ? action
                               : fmt::format("{} ({})", action, place.strangers.text()));
}

UniqueFd open_as(const Identity& tenant, const Place& place, const std::string& action) {
    UniqueFd file;
    int code = 0;
    {
        const RightsOf rights(tenant);
        file = open_at(place, 0);
        code = errno;
    }
    if (!file) {
        say_why_not(fmt::format("{} with the rights of {}", action, user_text(*tenant.user)), place,
                    code);
    }
    const struct stat status = status_of(file, action);
    if (!S_ISREG(status.st_mode)) {
        refuse(action, "it is no regular file, and " + place.strangers.text());
    }
    if (status.st_nlink != 1) {
        refuse(action, "it has more than one name, and " + place.strangers.text());
    }
    if (status.st_uid != *tenant.user && !is_trusted(status.st_uid)) {
        refuse(action, "it belongs to " + user_text(status.st_uid));
    }
    return file;
}

UniqueFd open_own(const Place& place, const std::string& action) {
    UniqueFd file = open_at(place, place.is_free_for_all ? O_EXCL : 0);
    if (!file) {
        say_why_not(action, place, errno);
    }
    // The kernel may let anybody make a hard link to a file of root's in such a folder.
    if (place.is_shared && status_of(file, action).st_nlink != 1) {
        refuse(action, "it has more than one name, and others may make files in its folder");
    }
    return file;
}

// True when the file must be opened with the tenant's rights.
bool is_the_tenants(const Place& place, const std::optional<Tenant>& tenant,
                    const std::string& action) {
    if (place.strangers.empty()) {
        return false;
    }
    if (tenant && ::geteuid() == 0 && place.strangers.include(tenant->user, tenant->groups)) {
        return true;
    }
    if (!place.is_free_for_all) {
        refuse(action, fmt::format("{}, so it could be replaced by a link to any file",
                                   place.strangers.text()));
    }
    return false;
}

UniqueFd open_by_whom_it_may(const Place& place, const Identity& identity,
                             const std::optional<Tenant>& tenant, const std::string& action) {
    return is_the_tenants(place, tenant, action) ? open_as(identity, place, action)
                                                 : open_own(place, action);
}

void check_that_it_can_be_made(const Place& place, const Identity& identity,
                               const std::optional<Tenant>& tenant, const std::string& action) {
    std::optional<RightsOf> rights;
    if (is_the_tenants(place, tenant, action)) {
        rights.emplace(identity);
    }
    const bool can = ::faccessat(place.folder.get(), ".", W_OK | X_OK, AT_EACCESS) == 0;
    const int code = errno;
    rights.reset();
    if (!can) {
        say_why_not(action, place, code);
    }
}

}  // namespace

UniqueFd open_log_target(const std::string& path, const Identity& identity, std::string_view key) {
    const std::string action = fmt::format("open {} {}", key, path);
    const std::optional<Tenant> tenant = tenant_of(identity);
    const Place place = find_place(action, path, LastLink::Follow, tenant);
    if (place.descriptor) {
        return duplicate(*place.descriptor);
    }
    UniqueFd file = open_by_whom_it_may(place, identity, tenant, action);
    const int flags = ::fcntl(file.get(), F_GETFL);
    if (flags < 0 || ::fcntl(file.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
        throw_errno(action);
    }
    return file;
}

void check_log_target(const std::string& path, const Identity& identity, std::string_view key) {
    const std::string action = fmt::format("open {} {}", key, path);
    const std::optional<Tenant> tenant = tenant_of(identity);
    const Place place = find_place(action, path, LastLink::Follow, tenant);

    struct stat found {};

    if (place.descriptor) {
        return;
    }
    if (::fstatat(place.folder.get(), place.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
        check_that_it_can_be_made(place, identity, tenant, action);
    } else if (S_ISFIFO(found.st_mode)) {
        is_the_tenants(place, tenant, action);
    } else {
        open_by_whom_it_may(place, identity, tenant, action);
    }
}

}  // namespace geventd::master
