// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "master/upgrade/message.h"

namespace geventd::master {

/// How this program was started, so that it can be started again as it stands on the disk by then.
/// Lives in: master.
struct Program {
    std::string path;  ///< absolute, by the name it was started with: links are not resolved
    std::vector<std::string> arguments;

    /// To be called first of all, while the working directory and the file are still the ones of
    /// the start.
    static Program of_this_process(int argc, const char* const* argv);

    /// Starts it with a line to it. Throws ErrnoError.
    struct Started {
        pid_t pid;
        UpgradeLine line;
    };

    [[nodiscard]] Started start_successor() const;
};

/// The line to the master that started this one as its successor; none in an ordinary start. Takes
/// the variable that says so out of the environment.
UpgradeLine take_line_to_former();

}  // namespace geventd::master
