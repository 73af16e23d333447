// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>

namespace geventd {

/// Makes a system call again for as long as signals interrupt it; what it returns in the end.
template <typename Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) {
        result = call();
    }
    return result;
}

}  // namespace geventd
