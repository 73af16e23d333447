// SPDX-License-Identifier: MIT
#pragma once

#include "config/load_visitor.h"
#include "config/settings.h"

namespace geventd::config {

/// The part of check_settings() for TLS. That files exist and fit is for the master to say.
void check_tls(const Settings& settings, const Mark& start, const Reading& reading);

}  // namespace geventd::config
