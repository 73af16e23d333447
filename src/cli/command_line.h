// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/exit_code.h"

namespace geventd::cli {

/// The command line of geventd.
struct GeventdOptions {
    std::string config;             ///< -c; "-": standard input; empty: no file
    std::vector<std::string> sets;  ///< `key.path=value`: of the short options, then of --set
    bool check = false;             ///< --check
};

/// A command of geventctl, for its command line and its help. master/ctl/verbs.h has them all.
struct Verb {
    std::string_view name;
    std::string_view argument;  ///< its only argument, in brackets if optional; empty: none
    std::string_view help;
    bool takes_payload = false;  ///< --payload
    bool waits = false;          ///< for its end, unless there is --no-wait
};

/// The command line of geventctl.
struct GeventctlOptions {
    std::string config;  ///< -c; empty, with empty `socket`: the server without a config file
    std::string socket;  ///< --socket: the control socket itself
    bool json = false;   ///< --json: the answer as the server gave it
    bool waits = true;   ///< no --no-wait
    std::optional<std::string> payload;  ///< --payload of a signal
    std::string command;                 ///< the name of a verb
    std::vector<std::string> arguments;
};

/// Returned for help, the version, and errors in the command line: print the text (to stderr
/// unless the code is Ok) and exit.
struct Farewell {
    ExitCode code = ExitCode::Ok;
    std::string text;  ///< ends with a line end
};

template <typename Options>
using Parsed = std::variant<Options, Farewell>;

/// Neither of these functions prints or exits. `has_variables`: environment variables set keys of
/// the configuration, so that the command line may be empty.
Parsed<GeventdOptions> parse_geventd(int argc, const char* const* argv, bool has_variables);
Parsed<GeventctlOptions> parse_geventctl(int argc, const char* const* argv,
                                         std::span<const Verb> verbs);

}  // namespace geventd::cli
