// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/fd.h"

/// Closes what a less trusted process has had its hands on, on threads of its own: there the last
/// close() may take as long as that process likes (a TCP socket with SO_LINGER and unsent data, a
/// file of a FUSE, a unix socket in whose queue such things wait). The threads do nothing but
/// close, and end when nothing is left. What waits while all of them are held up stays open.
namespace geventd::closer {

/// From now on close() does not wait: for the master, which serves all the time. Before, and in
/// every other process, it closes at once.
void start() noexcept;

[[nodiscard]] bool is_started() noexcept;

void close(UniqueFd fd) noexcept;
void close(std::vector<UniqueFd> fds) noexcept;

}  // namespace geventd::closer
