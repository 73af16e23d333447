// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>

#include "config/describe.h"
#include "config/diagnostics.h"
#include "config/text/expand.h"
#include "config/yaml/tree.h"

namespace geventd::config {

/// What a reading of one source shares from the top level down to the last key.
struct Reading {
    Diagnostics& diagnostics;
    const Environment* environment = nullptr;  ///< null: `${...}` stays as it is
    bool effective = false;                    ///< a dump is read: internal members are there
    std::map<std::string, Mark> places;        ///< where each key was last given
};

/// Takes a document over into the settings, on top of what they hold: keys that it does not have
/// stay as they are, lists are replaced, maps of texts are added to. False: the
/// document is no map, and nothing was read.
bool read_settings(const Node& document, Settings& settings, Reading& reading);

}  // namespace geventd::config
