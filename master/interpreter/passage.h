// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "master/host/privileges.h"

namespace geventd::master {

/// Why the workers' user cannot read a file that this process can read, as the end of a sentence:
/// names the outermost folder that bars the way, or the file. "": it can. Throws ErrnoError.
/// Lives in: master.
std::string why_not_readable(const std::string& file, const Identity& identity);

/// The same for executing a program, which need not be readable.
std::string why_not_executable(const std::string& program, const Identity& identity);

}  // namespace geventd::master
