// SPDX-License-Identifier: MIT
#include "worker/requests/access_filter.h"

#include <cstddef>
#include <string>

namespace geventd::worker {

AccessFilter::AccessFilter(const config::AccessWhen& when)
    : passes_all_(when.status.empty() && when.slower == Duration::zero()), slower_(when.slower) {
    for (const std::string& text : when.status) {
        const bool is_class = text.ends_with("xx");
        const std::size_t first = std::stoul(text.substr(0, is_class ? 1 : text.size()));
        for (std::size_t i = 0; i < (is_class ? 100 : 1); ++i) {
            statuses_.set(first * (is_class ? 100 : 1) + i);
        }
    }
}

bool AccessFilter::passes(int status, Duration duration) const {
    const auto number = static_cast<std::size_t>(status);
    return passes_all_ || (number < kStatuses && statuses_.test(number)) ||
           (slower_ > Duration::zero() && duration > slower_);
}

}  // namespace geventd::worker
