// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>

namespace geventd {

/// Repeats a system call as long as signals interrupt it; returns its last result.
template <typename Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) {
        result = call();
    }
    return result;
}

}  // namespace geventd
