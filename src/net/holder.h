// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

#include "base/errno_error.h"
#include "net/address.h"

namespace geventd::net {

/// Who has the socket that listens at a TCP address: "nginx (pid 812)", or "a process of user
/// www-data" when /proc shows no more than that; empty when it shows nothing. A unix socket tells
/// of its holder by itself. Looks for a tenth of a second at most. Lives in: master.
std::string holder_of(const Address& address);

/// "nginx (pid 812)"; "pid 812" when /proc does not name the program.
std::string program_text(pid_t pid);

/// The error of a listener. If its TCP address is in use, and who uses it can be found out, that is
/// told: "listen http://:80: nginx (pid 812) is listening there: Address already in use".
ErrnoError name_holder(const ErrnoError& error, const Address& address);

}  // namespace geventd::net
