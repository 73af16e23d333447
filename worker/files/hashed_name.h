// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace geventd::worker {

/// Whether a file's name holds a hash of its content, so that the content never changes under this
/// name: a part between dots, dashes and underscores, of at least eight hexadecimal digits in lower
/// case, with both letters and numbers, or eight characters of base64 as Vite writes them. Dates
/// and numbers are none, nor are the parts of a UUID.
bool has_hash(std::string_view name);

}  // namespace geventd::worker
