// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/control_place.h"
#include "config/settings.h"
#include "config/text/expand.h"
#include "config/variables.h"
#include "config/yaml/diagnostics.h"

namespace geventd::config {

/// The sources of a configuration.
struct LoadRequest {
    std::string path;               ///< the YAML file; "": none
    std::vector<std::string> sets;  ///< `key.path=value`, over all other values, in order
    Environment environment = process_environment();

    /// Whether to wait if the file is a pipe or a terminal. Only a start may; a server that serves
    /// must not.
    bool may_wait = true;

    /// Where the control socket is if the configuration does not say it. Without a value: what
    /// default_control() says at this time, which may be something else at a reload.
    std::optional<ControlDefaults> control = std::nullopt;

    /// Go over the file's values, and under `sets`.
    Variables variables = process_variables();

    /// The YAML document itself, as it came by standard input; `path` is "" then.
    std::optional<std::string> text = std::nullopt;
};

/// Reads, expands and checks a whole configuration. Throws Errors with everything that is wrong.
/// Lives in: geventd and geventctl, at start; the master, at reload.
Settings load(const LoadRequest& request);

/// What comes by standard input, up to its end. Throws std::runtime_error.
/// Lives in: geventd, at start.
std::string read_standard_input();

/// Where the control socket of a server with this configuration can be.
struct ControlPlaces {
    std::vector<std::string> places;  ///< the likeliest first
    std::vector<std::string> faults;  ///< what hides `control` if the configuration has it
};

/// Reads the configuration as far as it can be read: a file that was broken after the server
/// started must not hide the server. Lives in: geventctl.
ControlPlaces find_control(const LoadRequest& request);

/// The effective configuration as YAML, with every key: what the master passes to its workers.
std::string dump(const Settings& settings);

/// Reads a dump unchanged: nothing is expanded or resolved again. Throws Errors.
Settings load_effective(const std::string& yaml);

}  // namespace geventd::config
