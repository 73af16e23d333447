// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/result.h"
#include "cli/command_line.h"

namespace geventd::ctl {

/// The control socket of the server that the command line means: the path or "@name" of --socket,
/// or the one socket in the folder that it names; that of the configuration file; without either,
/// that of the only server that runs without a configuration file. Fails with a sentence, which
/// names the servers that run when the command line names none. Throws ErrnoError for a file that
/// cannot be read.
/// Lives in: geventctl.
Result<std::string> find_socket(const cli::GeventctlOptions& options);

}  // namespace geventd::ctl
