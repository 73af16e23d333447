// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"
#include "ipc/channel.h"
#include "net/fresh_connections.h"
#include "worker/python/base/interpreter.h"

namespace geventd::py {

/// Finds which connections, and other things of one process only, the application has left open
/// while it was loaded, and so whether workers can be forked from this process (app.preload).
/// Lives in: template, check; made before the load.
class Preload {
  public:
    Preload() = default;

    /// Reports connections that were left open to the master.
    [[nodiscard]] bool can_be_forked(const Interpreter& python, const config::App& app,
                                     ipc::Channel& channel) const;

  private:
    [[nodiscard]] std::string left_open(const Interpreter& python) const;

    net::FreshConnections fresh_;
};

}  // namespace geventd::py
