// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "master/control/admin_servers.h"
#include "master/host/host.h"
#include "master/listen/listeners.h"
#include "master/signals/signals.h"
#include "master/supervise/supervisor.h"

namespace geventd::master {

/// The parts of a server that its replacements work with. The master owns them and outlives
/// whoever refers to them.
struct Parts {
    event::Loop& loop;
    event::DeadlineClock& clock;
    Host& host;
    Listeners& listeners;
    AdminServers& admin;
    Signals& signals;
    Supervisor& supervisor;
};

/// What a replacement asks of the server as a whole. The master implements it.
class Server {
  public:
    /// A generation serves: the server goes by its settings from now on. Those that cannot be
    /// applied after all become the former ones.
    virtual void on_serving(config::Settings& settings) noexcept = 0;

    /// Nothing serves and nothing is on its way any more: the server ends, for this reason.
    virtual void give_up_start(const std::string& why) = 0;

    /// The server is not wanted any more: drains and leaves.
    virtual void stop() = 0;

    /// Something has changed that may have consequences elsewhere.
    virtual void settle() = 0;

  protected:
    ~Server() = default;
};

}  // namespace geventd::master
