// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/fd.h"

/// Closes descriptors that a less trusted process has had in its hands, on threads of its own: the
/// last close() may take as long as that process likes (a TCP socket with SO_LINGER and unsent
/// data, a file on FUSE, a unix socket with such descriptors in its queue). The threads do nothing
/// but close, and end when nothing is left. While all are held up, further descriptors stay open.
namespace geventd::closer {

/// From now on close() does not wait. For the master, which must always be able to serve. Without
/// this call, and so in every other process, close() closes at once.
void start() noexcept;

[[nodiscard]] bool is_started() noexcept;

void close(UniqueFd fd) noexcept;
void close(std::vector<UniqueFd> fds) noexcept;

}  // namespace geventd::closer
