// SPDX-License-Identifier: MIT
#include "net/accept_reserve.h"

#include <fcntl.h>

#include <algorithm>

namespace geventd::net {

Result<std::optional<Accepted>, AcceptError> AcceptReserve::accept(int listener) noexcept {
    auto accepted = accept_peer(listener);
    if (accepted || accepted.error().kind != AcceptError::Kind::Exhausted) {
        return accepted;
    }
    const auto spare = std::find_if(spares_.begin(), spares_.end(),
                                    [](const UniqueFd& fd) { return static_cast<bool>(fd); });
    if (spare != spares_.end()) {
        spare->reset();
        accepted = accept_peer(listener);
        if (!accepted || !*accepted) {
            refill();
        }
    }
    return accepted;
}

void AcceptReserve::refill() noexcept {
    for (UniqueFd& spare : spares_) {
        if (!spare) {
            spare = UniqueFd::adopt(::open("/dev/null", O_PATH | O_CLOEXEC));
        }
        if (!spare) {
            return;
        }
    }
}

}  // namespace geventd::net
