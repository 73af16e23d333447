// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd::master {

/// What runs a generation's template and workers: a program that embeds CPython, or an interpreter
/// that executes the script of geventd's package.
struct WorkerProgram {
    std::string executable;
    std::string script;   ///< "": none
    std::string version;  ///< of CPython, such as "3.11"; "": unknown

    /// The virtual environment that an embedded CPython takes for its own.
    std::string environment;

    bool is_entered = false;  ///< because of VIRTUAL_ENV, without being configured

    /// For people: "CPython 3.11 of /srv/venv/bin/python3".
    [[nodiscard]] std::string text() const {
        if (version.empty()) {
            return executable;
        }
        const std::string where =
            environment.empty() ? "" : ", with the packages of " + environment;
        return "CPython " + version +
               (script.empty() ? ", embedded" + where : " of " + executable) +
               (is_entered ? ", from VIRTUAL_ENV" : "");
    }
};

}  // namespace geventd::master
