// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "worker/files/area.h"
#include "worker/files/found.h"

namespace geventd::worker {

/// Looks for what a path of an area is: opens it, and what is compressed beside it, and reads the
/// beginning of what a client with this Accept-Encoding wants. `rest` is the path behind the area's
/// prefix: "" or tidy and with a slash in front. May wait for the disk: for a thread of the pool.
/// Throws std::bad_alloc.
Found look_up(const Area& area, const std::string& rest, std::string_view accept_encoding);

/// `size` bytes of a file from `offset`, or fewer if it has become shorter. Throws std::bad_alloc.
std::string read_part(int file, std::uint64_t offset, std::uint64_t size);

/// Reads `size` bytes of a file from `offset`, so that they are in memory for a while.
void read_in(int file, off_t offset, off_t size) noexcept;

}  // namespace geventd::worker
