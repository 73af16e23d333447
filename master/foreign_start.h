// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

namespace geventd::master {

/// What to say to somebody who has started geventd with options or a file of uWSGI's or gunicorn's:
/// whose they are, and the command that converts them. Empty when they are geventd's, or nobody's.
/// `arguments` are those after the program's name. Lives in: geventd, at its start.
std::string explain_foreign_start(std::span<const char* const> arguments);

}  // namespace geventd::master
