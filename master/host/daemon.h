// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "base/exit_code.h"
#include "base/fd.h"

namespace geventd::master {

/// Puts the program into the background, in a session of its own and never to get a terminal
/// again. The process that was started waits until the daemon is ready or has failed and leaves
/// with that code, so a script learns what a foreground start would tell; until then errors reach
/// its stderr. The working directory stays: relative paths of the configuration go on to mean
/// what they did.
/// Lives in: master.
class Daemon {
  public:
    /// Returns in the daemon alone. To be called before anything that does not survive a fork:
    /// the loop, timers, locks of fcntl. Throws ErrnoError.
    static Daemon start();

    /// The server serves: lets the terminal go and the starter leave. Stdin becomes /dev/null, and
    /// stdout, too, when the log goes to stderr; a log file is both of them already. Throws
    /// ErrnoError.
    void ready(bool logs_to_stderr);

    /// It does not come up; the starter leaves with this code. A daemon that goes without a word
    /// has failed with ExitCode::Internal.
    void failed(ExitCode code) noexcept { tell(code); }

  private:
    void tell(ExitCode code) noexcept;

    explicit Daemon(UniqueFd starter) : starter_(std::move(starter)) {}

    UniqueFd starter_;
};

}  // namespace geventd::master
