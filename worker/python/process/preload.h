// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"
#include "ipc/channel.h"
#include "net/fresh_connections.h"

namespace geventd::py {

/// What loading the application leaves open, and so whether workers can be forked from the process
/// that has loaded it (app.preload).
/// Lives in: template, check; made before the load.
class Preload {
  public:
    Preload() = default;

    /// Tells the master of connections that were left open.
    [[nodiscard]] bool can_be_forked(const config::App& app, ipc::Channel& channel) const;

  private:
    [[nodiscard]] std::string left_open() const;

    net::FreshConnections fresh_;
};

}  // namespace geventd::py
