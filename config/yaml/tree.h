// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "config/yaml/diagnostics.h"

namespace geventd::config {

struct Entry;

/// A node of a YAML document with its position, independent of the YAML library. Aliases and merge
/// keys are resolved, and the keys of a map are distinct.
struct Node {
    enum class Kind { Null, Scalar, List, Map };

    Kind kind = Kind::Null;
    Mark mark;
    std::string text;            ///< Scalar
    bool quoted = false;         ///< Scalar: certainly text, so neither a number nor a boolean
    std::vector<Node> items;     ///< List
    std::vector<Entry> entries;  ///< Map, in the order of the file
};

/// One key of a map.
struct Entry {
    std::string key;
    Mark mark;
    Node value;
};

}  // namespace geventd::config
