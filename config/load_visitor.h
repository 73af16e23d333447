// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "config/describe.h"
#include "config/text/expand.h"
#include "config/yaml/diagnostics.h"
#include "config/yaml/tree.h"

namespace geventd::config {

/// What all parts of reading one source share.
struct Reading {
    Diagnostics& diagnostics;
    const Environment* environment = nullptr;  ///< null: `${...}` stays as it is
    bool effective = false;                    ///< reading a dump, which has internal members
    std::map<std::string, Mark> places;        ///< the position where each key was last given

    [[nodiscard]] Mark place_of(const std::string& key, const Mark& otherwise) const {
        const auto place = places.find(key);
        return place == places.end() ? otherwise : place->second;
    }
};

/// Copies a document into the settings, over their present values: keys that it does not have stay
/// unchanged, lists are replaced, maps of texts are added to. False: the document is no map, and
/// nothing was read.
bool read_settings(const Node& document, Settings& settings, Reading& reading);

}  // namespace geventd::config
