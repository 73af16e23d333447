// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.h"

namespace geventd::master {

/// What a server with these settings needs of limited kernel resources: descriptors in a process,
/// and epoll watches of all workers, twice as many during a reload.
struct KernelNeeds {
    std::uint64_t files;
    std::uint64_t watches;
};

KernelNeeds kernel_needs(const config::Settings& settings);

/// Raises the limits of this process where it may. Returns a sentence for each that stays too low.
std::vector<std::string> fit_kernel_limits(const config::Settings& settings);

/// The warning when `fs.epoll.max_user_watches` (epoll(7)) is `most` and too low; empty when it is
/// enough.
std::string tell_of_watches(const config::Settings& settings, std::uint64_t most);

}  // namespace geventd::master
