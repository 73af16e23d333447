// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd::master {

/// A CPython of this host, as its files tell.
/// Lives in: master.
struct Interpreter {
    std::string executable;  ///< the name that runs it in its environment
    std::string prefix;      ///< the folder of its bin and lib
    std::string version;     ///< "3.12"; "": its files do not tell
    std::string release;     ///< "3.12.1" if its files tell, else the version
    std::string origin;  ///< the real executable, of an environment the one that it was made from
    bool is_environment = false;  ///< made by venv, virtualenv or uv
    bool is_made_by_uv = false;   ///< which puts no pip into it
    bool sees_origin = false;     ///< an environment that finds the packages of its origin, too

    /// `executable` need not exist.
    static Interpreter at(const std::string& executable);

    [[nodiscard]] bool exists() const;

    /// Whether it is a script, as those of pyenv that start one interpreter here, another there.
    [[nodiscard]] bool is_script() const;

    /// Whether it is that interpreter, or an environment made from it.
    [[nodiscard]] bool is_of(const std::string& other) const;

    /// Whether the prefix is the one that it was installed into, such as /usr: its packages are
    /// those of the prefix, though that is no environment.
    [[nodiscard]] bool lives_in_prefix() const;
};

/// The pyvenv.cfg that makes an environment of the folders around `executable`; need not exist.
std::string environment_file(const std::string& executable);

}  // namespace geventd::master
