// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/command_line.h"
#include "ipc/control_protocol.h"

namespace geventd::ctl {

/// All that geventctl knows of one of its commands. A new command is a line in the table of
/// verbs.cpp, and one in that of master/control/commands.cpp.
struct Verb {
    cli::Verb line;           ///< its name, argument and help
    std::string_view manual;  ///< what the man page says of it, in scdoc's markup

    /// How the master calls the argument; "": there is none.
    std::string_view argument_key = "";

    /// The master answers when all is over, which takes as long as the application takes to load.
    bool takes_long = false;

    /// What is printed when it is done, or how the answer is shown.
    std::string_view done = "done\n";
    Result<std::string> (*format)(std::string_view answer) = nullptr;

    /// Another way than to ask once and to print the answer.
    Result<void> (*run)(const std::string& socket, bool json) = nullptr;
};

std::span<const Verb> verbs();

/// The verb of that name; nullptr when there is none.
const Verb* find_verb(std::string_view name);

/// What the command line has to know of all of them.
std::vector<cli::Verb> command_lines();

/// What a verb asks the master for.
ipc::ControlRequest make_request(const Verb& verb, const cli::GeventctlOptions& options);

/// The answer for people, or as JSON if they want that.
Result<std::string> present(const Verb& verb, const std::string& answer, bool json);

/// The part of the man page that says what each verb does.
std::string manual_of_verbs();

}  // namespace geventd::ctl
