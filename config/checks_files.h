// SPDX-License-Identifier: MIT
#pragma once

#include "config/load_visitor.h"
#include "config/settings.h"

namespace geventd::config {

/// Checks the entries of `static` and `sendfile`: that they say which files are meant, each once.
/// Reports like check_settings().
void check_files(const Settings& settings, const Mark& start, const Reading& reading);

}  // namespace geventd::config
