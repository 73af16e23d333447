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

/// What `geventd` is asked to do. At least one of `config` and `sets` is given.
struct GeventdOptions {
    std::string config;             ///< -c; "": only `sets`
    std::vector<std::string> sets;  ///< --set, in order: `key.path=value`
    bool check = false;             ///< --check
};

/// A command of geventctl, for its command line and its help. master/ctl/verbs.h has them all.
struct Verb {
    std::string_view name;
    std::string_view argument;  ///< its only one, in brackets when it may be left out; "": none
    std::string_view help;
    bool takes_payload = false;  ///< --payload
};

/// What `geventctl` is asked to do.
struct GeventctlOptions {
    std::string config;  ///< -c; "" with socket "": the server without a config file
    std::string socket;  ///< --socket: the control socket itself
    bool json = false;   ///< --json: the answer as the server gave it
    std::optional<std::string> payload;  ///< --payload: of a signal
    std::string command;                 ///< the name of a verb
    std::vector<std::string> arguments;
};

/// The command line only asks for this: print the text (to stderr unless the code is Ok) and exit.
/// For help, the version, and errors in the command line.
struct Farewell {
    ExitCode code = ExitCode::Ok;
    std::string text;  ///< ends with a line end
};

template <typename Options>
using Parsed = std::variant<Options, Farewell>;

/// Neither function prints or exits.
Parsed<GeventdOptions> parse_geventd(int argc, const char* const* argv);
Parsed<GeventctlOptions> parse_geventctl(int argc, const char* const* argv,
                                         std::span<const Verb> verbs);

}  // namespace geventd::cli
