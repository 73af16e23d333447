// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace geventd::net {

/// Raises RLIMIT_NOFILE so that `need` descriptors can be open: the soft limit up to the hard
/// one, and the hard one too where the process may (root). Never lowers. Returns the soft limit
/// reached, which may be less than `need`.
std::uint64_t raise_nofile(std::uint64_t need) noexcept;

}  // namespace geventd::net
