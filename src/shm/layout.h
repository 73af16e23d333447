// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd::shm {

/// Names the layout of all that master and workers share. They compare it by message, since the
/// memory itself cannot be trusted to say what it is.
std::string layout();

}  // namespace geventd::shm
