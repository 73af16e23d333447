// SPDX-License-Identifier: MIT
#pragma once

#include <unordered_map>

#include "worker/requests/greenlet.h"

namespace geventd::py {

/// The greenlets that are inside `with geventd.atomic()`, which no time slice ends.
/// Lives in: worker, Python side, in the thread of the hub. The GIL is held.
class AtomicSections {
  public:
    void enter(const worker::Greenlet* greenlet) { ++depths_[greenlet]; }

    void leave(const worker::Greenlet* greenlet) {
        const auto found = depths_.find(greenlet);
        if (found != depths_.end() && --found->second == 0) {
            depths_.erase(found);
        }
    }

    /// Before a greenlet ends, whatever it has left open: another one may get its address.
    void forget(const worker::Greenlet* greenlet) { depths_.erase(greenlet); }

    [[nodiscard]] bool contain(const worker::Greenlet* greenlet) const {
        return depths_.count(greenlet) != 0;
    }

  private:
    std::unordered_map<const worker::Greenlet*, unsigned> depths_;
};

}  // namespace geventd::py
