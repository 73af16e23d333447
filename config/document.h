// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd::config {

/// docs/configuration.md: every key as describe.cpp describes it, and the rules of the file.
std::string configuration_page();

}  // namespace geventd::config
