// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/secret.h"

namespace geventd::master {

/// The bytes of a regular file of at most 1 MiB. Throws std::runtime_error with what keeps this
/// process from reading it; where rights are missing, with the user and the folder or file that
/// lacks them.
Secret read_secret(const std::string& path);

}  // namespace geventd::master
