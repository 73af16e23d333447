// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "net/peer.h"

namespace geventd::net {

/// Accepts connections even when the process has no free descriptors: it holds a few in reserve and
/// gives one up for each connection that could not be accepted otherwise.
/// Lives in: master, for what must answer in any case.
class AcceptReserve {
  public:
    AcceptReserve() noexcept { refill(); }

    /// As accept_peer(). Exhausted: the reserve is used up too.
    Result<std::optional<Accepted>, AcceptError> accept(int listener) noexcept;

    /// To be called when a connection was closed: takes back a descriptor.
    void refill() noexcept;

  private:
    std::array<UniqueFd, 4> spares_;
};

}  // namespace geventd::net
