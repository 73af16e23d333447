// SPDX-License-Identifier: MIT
#include "net/rlimit.h"

#include <sys/resource.h>

#include <algorithm>

namespace geventd::net {

std::uint64_t raise_nofile(std::uint64_t need) noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need) {
        return limit.rlim_cur;
    }
    if (limit.rlim_max < need) {
        const rlimit both{need, need};
        if (::setrlimit(RLIMIT_NOFILE, &both) == 0) {
            return need;
        }
    }
    const rlimit soft{std::min<rlim_t>(need, limit.rlim_max), limit.rlim_max};
    return ::setrlimit(RLIMIT_NOFILE, &soft) == 0 ? soft.rlim_cur : limit.rlim_cur;
}

}  // namespace geventd::net
