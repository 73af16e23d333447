// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"

namespace geventd::ctl {

/// Shows the server behind the control socket on the terminal, anew each second, until q is typed.
/// It goes on while the server does not answer. Fails when it cannot even begin.
Result<void> watch(const std::string& socket);

/// Prints the status document once a second, a line each, until nobody reads them or the server
/// does not answer.
Result<void> print_all_the_time(const std::string& socket);

}  // namespace geventd::ctl
