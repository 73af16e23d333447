// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// More would not fit into an answer to geventctl.
constexpr int kMostRequests = 20'000;

/// Requests as one JSON document, {"requests": [...], "total": N}. Of very many only the first are
/// in it. Paths come without their query; a client behind a unix socket that nobody named is null,
/// as is the core of a request that waits for one.
std::string format_requests_json(const std::vector<RequestStatus>& requests,
                                 std::size_t most = kMostRequests);

}  // namespace geventd::master
