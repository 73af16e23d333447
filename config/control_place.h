// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "config/text/expand.h"

namespace geventd::config {

/// Where the control socket is when `control` does not say it.
struct ControlDefaults {
    std::string path;
    std::string abstract;  ///< "@name", for a server that cannot create a file at `path`
};

/// The defaults for a server with this configuration file, or for one without ("") that listens at
/// these addresses. Their names hold a hash of the file's absolute path, or of the addresses, so
/// that two servers do not meet by accident. Links of the path are not followed: where one leads
/// may change while a server runs.
ControlDefaults default_control(const std::string& file, const std::vector<Listen>& listen,
                                const Environment& environment);

/// The name that earlier versions gave the control socket of such a server.
std::string former_control_path(const std::string& file, const Environment& environment);

/// The files of control sockets that servers without a configuration file may have made, as they
/// are now in the folder for this environment.
std::vector<std::string> controls_without_file(const Environment& environment);

/// Whether a path or "@name" looks like one of the defaults, of whichever server.
bool is_default_control(std::string_view place);

/// What `control` says, besides a path: that there is no socket, or an abstract one ("@name").
inline bool is_off(std::string_view control) {
    return control == "off";
}

inline bool is_abstract(std::string_view control) {
    return control.starts_with('@');
}

}  // namespace geventd::config
