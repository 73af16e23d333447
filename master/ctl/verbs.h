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

/// Everything geventctl knows about one of its commands. A new command needs a line in the table
/// of verbs.cpp, and one in that of master/control/commands.cpp.
struct Verb {
    cli::Verb line;           ///< its name, argument and help
    std::string_view manual;  ///< description for the man page, in scdoc's markup

    /// The argument's key in the request to the master; empty: no argument.
    std::string_view argument_key;

    /// True when the master answers only at the end of the operation, such as loading the
    /// application.
    bool takes_long = false;

    /// What to print when it is done, or how to show the answer.
    std::string_view done = "done\n";
    Result<std::string> (*format)(std::string_view answer) = nullptr;

    /// Set when the verb does more than ask once and print the answer.
    Result<void> (*run)(const std::string& socket, const cli::GeventctlOptions& options) = nullptr;

    /// Set when the verb asks no server.
    Result<void> (*run_alone)(const cli::GeventctlOptions& options) = nullptr;
};

std::span<const Verb> verbs();

/// nullptr when no verb has that name.
const Verb* find_verb(std::string_view name);

/// All verbs for the command line.
std::vector<cli::Verb> command_lines();

/// The request to the master for a verb.
ipc::ControlRequest make_request(const Verb& verb, const cli::GeventctlOptions& options);

/// The answer formatted for people, or as JSON if `json`.
Result<std::string> present(const Verb& verb, const std::string& answer, bool json);

/// The part of the man page that describes the verbs.
std::string manual_of_verbs();

}  // namespace geventd::ctl
