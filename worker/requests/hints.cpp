// SPDX-License-Identifier: MIT
#include "worker/requests/hints.h"

namespace geventd::worker {

bool Hints::take(Hint hint) {
    bool told = was_told(hint);
    const std::uint32_t used = board_ == nullptr ? 0 : board_->in_use();
    for (std::uint32_t i = 0; i < used && !told; ++i) {
        told = shows(board_->slots[i], hint);
    }
    slot_.hints.fetch_or(static_cast<std::uint32_t>(hint), std::memory_order_relaxed);
    return !told;
}

}  // namespace geventd::worker
