// SPDX-License-Identifier: MIT
#pragma once

#include "worker/connection/protocol.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// Whether a request to an http address with `redirect-https` is redirected: not when its client
/// came by https to a trusted proxy, and not when an authority looks for what proves that the host
/// is ours (ACME).
[[nodiscard]] bool is_redirected(const Request& request);

/// What sends it to the same URL by https at that port.
Parsed redirect_to_https(const Request& request, int port);

}  // namespace geventd::worker
