// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "http/conditions.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// What a request's header fields say of the file that it wants. Lists that are sent in several
/// lines are joined; with several lines of Range or If-Range, which are none, there is no Range:
/// the whole file is never wrong. The request must outlive it.
struct Asked {
    http::Conditions conditions;
    std::string_view accept_encoding;
    bool has_conditions = false;
    bool head_only = false;
    std::map<std::size_t, std::string> joined;  ///< what views point into that are in no one line
};

/// Throws std::bad_alloc.
Asked asked_by(const Request& request);

}  // namespace geventd::worker
