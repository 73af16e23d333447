// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace geventd::ctl {

/// The configuration file of the server at a control socket, as an absolute path; "": it runs
/// without one. Empty where the server does not tell.
std::optional<std::string> config_of(const std::string& place);

/// The options by which geventctl reaches the servers of this host whose control sockets have their
/// default names: "-c FILE", or "--socket PATH" for those that do not tell us their file.
/// Lives in: geventctl.
std::vector<std::string> running_servers();

}  // namespace geventd::ctl
