// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>

#include "base/clock.h"
#include "config/settings.h"

namespace geventd::worker {

/// Which requests have a line in the access log: all, or those that meet a condition of
/// log.access-when. Lives in: worker, loop side.
class AccessFilter {
  public:
    explicit AccessFilter(const config::AccessWhen& when);

    [[nodiscard]] bool passes(int status, Duration duration) const;

  private:
    static constexpr std::size_t kStatuses = 600;

    bool passes_all_;
    std::bitset<kStatuses> statuses_;
    Duration slower_;
};

}  // namespace geventd::worker
