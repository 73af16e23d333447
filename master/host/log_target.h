// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "master/host/privileges.h"

namespace geventd::master {

/// Opens the file of `log.file` or `log.access-file` to append to it. Never blocks, and lets nobody
/// but root choose which file root writes to. It depends on who may create files in the folder:
///
///   only root and this process' own user    opened as it is: symbolic links are followed, and a
///       FIFO or a device will do
///   the tenant, the user of the workers, too    opened with the tenant's rights; must be a regular
///       file with one name, no symbolic link
///   others, too    refused
///
/// In a folder like /tmp, where users may change only their own files, a file of root's is opened
/// only if it has a single name: another one could be a hard link made by others.
///
/// The result is in blocking mode, like standard descriptors at a process' start. Throws
/// std::exception with a sentence.
UniqueFd open_log_target(const std::string& path, const Identity& identity,
                         std::string_view key = "log.file");

/// Throws what open_log_target() would throw, but creates no file. Does not open a FIFO, because
/// its reader would then see an end of file. Throws std::exception with a sentence.
void check_log_target(const std::string& path, const Identity& identity,
                      std::string_view key = "log.file");

}  // namespace geventd::master
