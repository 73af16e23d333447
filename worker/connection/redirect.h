// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "worker/requests/request.h"

namespace geventd::worker {

/// Whether a request to an http address with `redirect-https` is redirected: not when its client
/// came by https to a trusted proxy, and not when an authority looks for what proves that the host
/// is ours (ACME).
[[nodiscard]] bool is_redirected(const Request& request);

/// The whole answer that sends it to the same URL by https at that port. `epoch` is the wall clock
/// in whole seconds.
std::string redirect_to_https(const Request& request, int port, std::int64_t epoch);

}  // namespace geventd::worker
