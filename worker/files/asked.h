// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "http/conditions.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// What a request's header fields say of the file that it wants. Lives as long as the request.
struct Asked {
    http::Conditions conditions;
    std::string_view accept_encoding;
    bool has_conditions = false;
    bool head_only = false;
};

Asked asked_by(const Request& request);

}  // namespace geventd::worker
