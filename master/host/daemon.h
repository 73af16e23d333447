// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "base/exit_code.h"
#include "base/fd.h"

namespace geventd::master {

/// Moves the program into the background, in a session of its own that can never get a terminal.
/// The starting process waits until the daemon is ready or has failed, and exits with that code,
/// so a script learns the same as from a foreground start; until then errors go to the starter's
/// stderr. The working directory stays, so relative paths of the configuration keep their meaning.
/// Lives in: master.
class Daemon {
  public:
    /// Returns only in the daemon. Call before creating anything that does not survive a fork: the
    /// loop, timers, locks of fcntl. Throws ErrnoError.
    static Daemon start();

    /// The server serves: detaches from the terminal and lets the starter exit. Stdin becomes
    /// /dev/null, and so does stdout if the log goes to stderr; with a log file both stdout and
    /// stderr are that file already. Throws ErrnoError.
    void ready(bool logs_to_stderr);

    /// The start has failed: the starter exits with this code. If the daemon dies without a
    /// report, the starter exits with ExitCode::Internal.
    void failed(ExitCode code) noexcept { tell(code); }

  private:
    void tell(ExitCode code) noexcept;

    explicit Daemon(UniqueFd starter) : starter_(std::move(starter)) {}

    UniqueFd starter_;
};

}  // namespace geventd::master
