// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/describe.h"
#include "config/settings.h"

namespace geventd::config {

/// The keys of `listen` that are about TLS.
void describe_tls(Visitor& v, Listen& s);

/// All paths that these keys name.
std::vector<std::string*> tls_files(Settings& settings);

}  // namespace geventd::config
