// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// More WebSockets would not fit into an answer to geventctl.
constexpr int kMostWebSockets = 10'000;

/// WebSockets as one JSON document, {"websockets": [...], "total": N}; at most the first
/// kMostWebSockets. Paths have no query. The client is null behind a unix socket when no proxy has
/// named it.
std::string format_websockets_json(const std::vector<WebSocketStatus>& websockets,
                                   std::size_t most = kMostWebSockets);

}  // namespace geventd::master
