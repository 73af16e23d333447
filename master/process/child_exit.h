// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/exit_code.h"

namespace geventd::master {

/// The end of a child process, as reported by waitpid.
struct ChildExit {
    pid_t pid = 0;
    int status = 0;

    /// True when it exited with this code.
    [[nodiscard]] bool has_code(ExitCode code) const;
};

/// For the log: "exited with code 64: the application cannot be loaded", "killed by SIGSEGV, a
/// crash in native code". `reason`: why the master killed it; empty when it did not.
std::string describe(const ChildExit& exit, std::string_view reason = {});

}  // namespace geventd::master
