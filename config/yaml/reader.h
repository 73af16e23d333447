// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "config/yaml/tree.h"

namespace geventd::config {

/// A whole file's text, at most this long: lists of 100,000 entries fit.
constexpr std::size_t kMaxYamlSize = 8 << 20;

/// The document in `text`, which is the given source of `diagnostics`. Duplicate keys are reported
/// and the first is kept. What cannot be read at all (broken YAML, binary or too much data, too
/// deep nesting, an alias within its own anchor) is reported and gives no document.
/// Takes time and memory in proportion to the text, whatever it holds. `most` is the text's size.
std::optional<Node> read_yaml(const std::string& text, int source, Diagnostics& diagnostics,
                              std::size_t most = kMaxYamlSize);

}  // namespace geventd::config
