// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "base/fd.h"
#include "base/secret.h"

namespace geventd {

/// A file in memory with these bytes that nobody can change any more, for other processes. `name`
/// is what /proc shows. Throws ErrnoError.
UniqueFd make_sealed_memory(const char* name, std::string_view bytes);

/// All bytes of a regular file, whatever its offset. `what` is for the message. Throws ErrnoError.
Secret read_whole(int fd, std::string_view what);

}  // namespace geventd
