// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/settings.h"
#include "config/text/expand.h"

namespace geventd::config {

/// What the configuration is made of.
struct LoadRequest {
    std::string path;               ///< the YAML file; "": overrides only
    std::vector<std::string> sets;  ///< `key.path=value`, over the file's values, in order
    Environment environment = process_environment();

    /// The file may be a pipe or a terminal, for which a start waits. A server that serves must
    /// not.
    bool may_wait = true;
};

/// Reads, expands and checks a whole configuration. Throws Errors with everything that is wrong.
/// Lives in: geventd and geventctl, at start; the master, at reload.
Settings load(const LoadRequest& request);

/// The control socket that a server of this configuration has, as far as can be read: a file that
/// was broken since the server read it must not hide the server. Reports nothing.
/// Lives in: geventctl.
std::string find_control(const LoadRequest& request);

/// The effective configuration as YAML, every key of it: what the master hands to its workers.
std::string dump(const Settings& settings);

/// Takes a dump back, unchanged: nothing is expanded or resolved again. Throws Errors.
Settings load_effective(const std::string& yaml);

}  // namespace geventd::config
