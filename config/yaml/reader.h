// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "config/yaml/tree.h"

namespace geventd::config {

/// The longest text of a file that is read: lists of 100,000 entries fit.
constexpr std::size_t kMaxYamlSize = 8 << 20;

/// Parses `text`, which is the given source of `diagnostics`. Duplicate keys are reported, and the
/// first is kept. Text that cannot be read at all (broken YAML, binary or too much data, too deep
/// nesting, an alias within its own anchor) is reported and gives no document.
/// Time and memory are proportional to the text, whatever it contains. `most` limits its size.
std::optional<Node> read_yaml(const std::string& text, int source, Diagnostics& diagnostics,
                              std::size_t most = kMaxYamlSize);

}  // namespace geventd::config
