// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "event/loop.h"
#include "uwsgi/packet.h"
#include "worker/connection/connection_limits.h"
#include "worker/connection/turn.h"
#include "worker/connection/unsent.h"
#include "worker/files/file_server.h"
#include "worker/limits/time_limits.h"
#include "worker/requests/accounts.h"
#include "worker/requests/admission.h"
#include "worker/requests/request.h"
#include "worker/sticky/sticky.h"
#include "worker/tls/tls_servers.h"

namespace geventd::worker {

/// What a worker's connections and their protocols share. Outlives them.
/// Lives in: worker, loop side.
struct Context {
    event::Loop& loop;
    Admission& admission;
    Accounts& accounts;
    TimeLimits& time_limits;
    ConnectionLimits& limits;
    RequestPool& requests;
    KeptTotal& kept;
    std::span<char> scratch;               ///< receive buffer, used within one call
    std::vector<uwsgi::Var>& packet_vars;  ///< variables of the packet that is being read
    const Turn& turn;
    bool cancels_on_disconnect;      ///< requests end when their client leaves
    FileServer* files = nullptr;     ///< null: there is none
    bool has_static = false;         ///< requests may be for files
    bool leaving = false;            ///< the server stops: health checks are answered with 503
    const Sticky* sticky = nullptr;  ///< null: sessions may live in any worker
    TlsServers* tls = nullptr;       ///< null: no address has TLS

    /// Sends a client's signal. Returns whether it was accepted.
    std::function<bool(std::uint8_t number)> send_signal;
};

}  // namespace geventd::worker
