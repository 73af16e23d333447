// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "net/peer.h"

namespace geventd::net {

/// Accepts also when the process has no descriptors left: it holds a few that are good for nothing
/// else and gives one of them up for each connection that could not be accepted otherwise.
/// Lives in: master, in what must answer whatever happens.
class AcceptReserve {
  public:
    AcceptReserve() noexcept { refill(); }

    /// As accept_peer(). Exhausted: the reserve is used up too.
    Result<std::optional<Accepted>, AcceptError> accept(int listener) noexcept;

    /// To be called when a connection was closed: takes its descriptor back.
    void refill() noexcept;

  private:
    std::array<UniqueFd, 4> spares_;
};

}  // namespace geventd::net
