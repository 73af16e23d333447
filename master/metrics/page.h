// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// One answer to somebody who watches the server.
struct Page {
    int status = 200;
    std::string_view type = "text/plain; charset=utf-8";
    std::string body;
    std::string_view headers;  ///< more of them, each with its line end
};

/// What the pages show.
struct PageSource {
    std::function<Status()> status;
    std::function<Status()> full_status;  ///< with the memory of processes
    std::function<std::vector<CoresStatus>()> cores;
    std::function<std::vector<RequestStatus>()> requests;
    std::function<const std::deque<HistoryPoint>&()> history;
    std::function<int()>
        saturation;  ///< percent of busy cores from which on it is not ready; 0: no
};

/// The page of a path, or 404. Nothing on it names a query string, a header or
/// a body of any request.
Page make_page(std::string_view path, std::string_view query, const PageSource& source);

/// Why the server can take no requests now, in one line; "" when it can.
std::string why_not_ready(const Status& status, int saturation);

}  // namespace geventd::master
