// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"
#include "master/host/privileges.h"

namespace geventd::master {

/// Opens the file of `log.file` to append to it. Never waits, and never lets somebody else than
/// root choose what root writes to:
///
///   only root (and this process' own user) may put files there    opened as it is; links of theirs
///       are followed, and it may be a FIFO or a device
///   the tenant, as which workers run, may, too    opened with the tenant's rights, no link, a
///       regular file of one name
///   anybody else may    refused
///
/// In a folder like /tmp, where each may change what is his own alone, a file of root's must have
/// one name only: others may have given it that one.
///
/// The result blocks when it is written to, as what a process starts with does. Throws
/// std::exception with a sentence.
UniqueFd open_log_target(const std::string& path, const Identity& identity);

/// Says what open_log_target() would say, and makes no file. A FIFO is left alone: its reader would
/// see the end of it. Throws std::exception with a sentence.
void check_log_target(const std::string& path, const Identity& identity);

}  // namespace geventd::master
