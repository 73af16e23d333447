// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd::master {

/// "SIGTERM" of SIGTERM; "signal 40" of one without a name, such as the real-time signals. The C
/// library's sigabbrev_np() is not there before glibc 2.32.
std::string signal_name(int number);

}  // namespace geventd::master
