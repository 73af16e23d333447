// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// A moment of the server as the JSON document of uWSGI's stats server, for tools that know it
/// (uwsgitop, exporters). It has the workers of the generation that serves; of a core the request's
/// method and path, never a header or a query.
std::string format_uwsgi_stats(const Status& status, const std::vector<CoresStatus>& cores);

}  // namespace geventd::master
