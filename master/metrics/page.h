// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "master/status/status.h"

namespace geventd::master {

/// One answer to a monitoring client.
struct Page {
    int status = 200;
    std::string_view type = "text/plain; charset=utf-8";
    std::string body;
    std::string_view headers;  ///< additional ones, each ends with a line end

    /// Set: the body has to be asked for. Calls `done` with it, now or later; fails with a
    /// sentence when there is nobody to ask.
    using Done = std::function<void(const std::string& body)>;
    std::function<Result<void>(Done done)> later;
};

/// Where the pages get their contents.
struct PageSource {
    std::function<Status()> status;
    std::function<Status()> full_status;  ///< also has the memory of processes
    std::function<std::vector<CoresStatus>()> cores;
    std::function<std::vector<RequestStatus>()> requests;
    std::function<std::vector<WebSocketStatus>()> websockets;
    std::function<const std::deque<HistoryPoint>&()> history;
    std::function<Result<void>(const std::string& of, Page::Done done)> stacks;
    std::function<int()> saturation;  ///< percent of busy cores that mean "not ready"; 0: off
};

/// The page of a path, or 404. No page shows a query string, a header or a body of a request, nor
/// any value of the application. `source` must live until a late body has come.
Page make_page(std::string_view path, std::string_view query, const PageSource& source);

}  // namespace geventd::master
