// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd::config {

/// docs/configuration.md: every key as describe.cpp describes it, and the rules of the file.
std::string configuration_page();

/// geventd.yaml(5) in scdoc's language, from the same description.
std::string configuration_man_page();

}  // namespace geventd::config
