// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// More requests would not fit into an answer to geventctl.
constexpr int kMostRequests = 20'000;

/// Requests as one JSON document, {"requests": [...], "total": N}; at most the first
/// kMostRequests. Paths have no query. The client is null behind a unix socket when no proxy has
/// named it; the core is null while the request waits for one.
std::string format_requests_json(const std::vector<RequestStatus>& requests,
                                 std::size_t most = kMostRequests);

}  // namespace geventd::master
