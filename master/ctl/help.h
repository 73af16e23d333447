// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "cli/command_line.h"

namespace geventd::ctl {

/// `geventctl help`: prints what --help prints, or the manual's words on the command that is the
/// argument. Fails with a sentence.
/// Lives in: geventctl.
Result<void> print_help(const cli::GeventctlOptions& options);

}  // namespace geventd::ctl
