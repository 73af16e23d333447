// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace geventd::ctl {

/// Shows the server behind the control socket on the terminal, updated each second, until q is
/// typed. Goes on while the server does not answer. Fails only when it cannot start.
Result<void> watch(const std::string& socket);

/// Prints the status document once a second, one line each, until the reader closes the pipe or
/// the server does not answer.
Result<void> print_all_the_time(const std::string& socket);

}  // namespace geventd::ctl
