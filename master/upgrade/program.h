// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/place.h"
#include "master/upgrade/message.h"

namespace geventd::master {

/// How this program was started, in order to start the version that is on disk later.
/// Lives in: master.
struct Program {
    std::string path;  ///< absolute; by the name used at the start, links not resolved
    std::vector<std::string> arguments;

    /// What came by standard input and the next version is to read there again; nullopt: nothing.
    std::optional<std::string> input = std::nullopt;

    /// Call first of all, before the working directory or the file on disk changes.
    static Program of_this_process(int argc, const char* const* argv);

    /// Starts it with a line to this process. Throws ErrnoError.
    struct Started {
        pid_t pid;
        UpgradeLine line;
    };

    [[nodiscard]] Started start_successor() const;

    /// Who, besides root, may put something else at the path or change what is there, as a
    /// sentence;
    /// "": nobody. `tenant`: the user that workers run as.
    [[nodiscard]] std::string who_may_replace_it(const Tenant& tenant) const;
};

/// The line to the master that started this one as its successor; closed in an ordinary start.
/// Removes the variable that names it from the environment.
UpgradeLine take_line_to_former();

}  // namespace geventd::master
