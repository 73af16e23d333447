// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "master/certificates/certificates.h"
#include "master/control/admin_servers.h"
#include "master/host/host.h"
#include "master/listen/listeners.h"
#include "master/signals/signals.h"
#include "master/supervise/supervisor.h"

namespace geventd::master {

/// The parts of the server that replacements work with. The master owns them and outlives every
/// reference to them.
struct Parts {
    event::Loop& loop;
    event::DeadlineClock& clock;
    Host& host;
    Listeners& listeners;
    Certificates& certificates;
    AdminServers& admin;
    Signals& signals;
    Supervisor& supervisor;
};

/// What a replacement needs of the server as a whole; implemented by the master.
class Server {
  public:
    /// A generation serves: applies its settings that concern the whole server. Replaces those in
    /// `settings` that cannot be applied by the former ones.
    virtual void on_serving(config::Settings& settings) noexcept = 0;

    /// Nothing serves and nothing more is being started: ends the server with this reason.
    virtual void give_up_start(const std::string& why) = 0;

    /// The server is to stop: drains and exits.
    virtual void stop() = 0;

    /// Lets all parts act on a change.
    virtual void settle() = 0;

  protected:
    ~Server() = default;
};

}  // namespace geventd::master
