// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "worker/files/found.h"

namespace geventd::worker {

/// Which of a file's variants the client wants most. Of those that it wants equally the first that
/// is compressed. REQUIRES: there is one.
std::size_t choose(const std::vector<Variant>& variants, std::string_view accept_encoding);

}  // namespace geventd::worker
