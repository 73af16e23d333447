// SPDX-License-Identifier: MIT
#include "master/host/rights_of.h"

#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errno_error.h"

namespace geventd::master {

namespace {

// A plain system call: the C library's setgroups() synchronises with every thread and would wait
// for those that hang in the kernel.
int set_own_groups(const std::vector<gid_t>& groups) noexcept {
#ifdef SYS_setgroups32
    constexpr auto kCall = SYS_setgroups32;
#else
    constexpr auto kCall = SYS_setgroups;
#endif
    return static_cast<int>(::syscall(kCall, groups.size(), groups.data()));
}

}  // namespace

RightsOf::RightsOf(const Identity& identity) {
    if (!identity.user || ::geteuid() != 0) {
        return;
    }
    dumpable_ = ::prctl(PR_GET_DUMPABLE);
    groups_.resize(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
    if (::getgroups(static_cast<int>(groups_.size()), groups_.data()) < 0 ||
        set_own_groups(identity.supplementary) != 0) {
        throw_errno("take the groups of the workers' user");
    }
    taken_ = true;
    group_ = static_cast<gid_t>(::setfsgid(identity.group.value_or(::getegid())));
    user_ = static_cast<uid_t>(::setfsuid(*identity.user));
    // setfsuid() does not report whether it succeeded.
    if (static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) != *identity.user) {
        give_back();
        throw ErrnoError(EPERM, "take the rights of the workers' user");
    }
}

RightsOf::~RightsOf() {
    give_back();
}

void RightsOf::give_back() const noexcept {
    if (!taken_) {
        return;
    }
    const int error = errno;
    ::setfsuid(user_);
    ::setfsgid(group_);
    set_own_groups(groups_);
    // The kernel disables core dumps at such a change; enables them again.
    ::prctl(PR_SET_DUMPABLE, dumpable_ == 1 ? 1 : 0);
    errno = error;
}

}  // namespace geventd::master
