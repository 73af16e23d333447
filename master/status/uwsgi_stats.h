// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// The status as the JSON document of uWSGI's stats server, for its tools (uwsgitop, exporters).
/// It lists the workers of the serving generation, and for each core the request's method and
/// path, never a header or a query.
std::string format_uwsgi_stats(const Status& status, const std::vector<CoresStatus>& cores);

}  // namespace geventd::master
