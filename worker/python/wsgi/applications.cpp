// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/applications.h"

#include <algorithm>
#include <utility>

namespace geventd::py {

void Applications::add(std::string prefix, Ref callable) {
    while (!prefix.empty() && prefix.back() == '/') {
        prefix.pop_back();
    }
    longest_ = std::max(longest_, prefix.size());
    mounts_.try_emplace(std::move(prefix), std::move(callable));
}

std::optional<Applications::Choice> Applications::find(std::string_view prefix) const {
    const auto found = mounts_.find(prefix);
    return found == mounts_.end() ? std::nullopt
                                  : std::optional(Choice{found->second.get(), found->first.size()});
}

std::optional<Applications::Choice> Applications::choose(const worker::Request& request) const {
    const std::string_view script_name = request.vars.script_name;
    if (!script_name.empty()) {
        if (const auto chosen = find(script_name)) {
            return Choice{chosen->callable, 0};
        }
    }
    // Tries each prefix of the path that ends at a segment, the longest first.
    const std::string_view path = request.path_info;
    std::size_t end = path.size();
    if (end > longest_) {
        end = longest_ == 0 ? 0 : path.rfind('/', longest_);
    }
    while (end != 0 && end != std::string_view::npos) {
        if (auto choice = find(path.substr(0, end))) {
            return choice;
        }
        end = path.rfind('/', end - 1);
    }
    return find("");
}

}  // namespace geventd::py
