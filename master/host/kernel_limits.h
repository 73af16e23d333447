// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"

namespace geventd::master {

/// How much of what the kernel limits a server with these settings needs: descriptors in a process,
/// and watches of epoll's over all its workers, of which a reload has twice as many.
struct KernelNeeds {
    std::uint64_t files;
    std::uint64_t watches;
};

KernelNeeds kernel_needs(const config::Settings& settings);

/// Raises what this process may raise. A sentence for each limit that is too low all the same.
std::vector<std::string> fit_kernel_limits(const config::Settings& settings);

/// The sentence for a `fs.epoll.max_user_watches` of that many (source: epoll(7)); "" if it does.
std::string tell_of_watches(const config::Settings& settings, std::uint64_t most);

}  // namespace geventd::master
