// SPDX-License-Identifier: MIT
#pragma once

#include "worker/requests/hints.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// Whether a request that asks for a WebSocket means the version that there is.
bool asks_for_our_version(const Request& request);

/// Says in the log, once for each cause, why a request that is about a WebSocket cannot become one:
/// mostly a proxy in front has dropped what makes it one. Nothing if it is about something else.
/// REQUIRES: it is no handshake, or one for another version.
void tell_why_not(const Request& request, Hints& hints);

}  // namespace geventd::worker
