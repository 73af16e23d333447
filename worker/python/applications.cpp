// SPDX-License-Identifier: MIT
#include "worker/python/applications.h"

#include <algorithm>
#include <utility>

namespace geventd::py {

namespace {

bool fits(std::string_view prefix, std::string_view path) {
    return path.substr(0, prefix.size()) == prefix &&
           (path.size() == prefix.size() || path[prefix.size()] == '/' || prefix.empty());
}

}  // namespace

void Applications::add(std::string prefix, Ref callable) {
    while (!prefix.empty() && prefix.back() == '/') {
        prefix.pop_back();
    }
    const auto place = std::find_if(mounts_.begin(), mounts_.end(), [&prefix](const Mount& mount) {
        return mount.prefix.size() < prefix.size();
    });
    mounts_.insert(place, Mount{std::move(prefix), std::move(callable)});
}

std::optional<Applications::Choice> Applications::choose(const worker::Request& request) const {
    const std::string_view script_name = request.vars.script_name;
    if (request.protocol == net::Protocol::Uwsgi && !script_name.empty()) {
        for (const Mount& mount : mounts_) {
            if (mount.prefix == script_name) {
                return Choice{mount.callable.get(), 0};
            }
        }
    }
    for (const Mount& mount : mounts_) {
        if (fits(mount.prefix, request.path_info)) {
            return Choice{mount.callable.get(), mount.prefix.size()};
        }
    }
    return std::nullopt;
}

}  // namespace geventd::py
