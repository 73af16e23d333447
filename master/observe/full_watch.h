// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// Warns once when all cores of all workers stay busy, so that new requests have to wait, which
/// nothing else in the log would tell. It may warn again after cores were free for a while.
/// Lives in: master.
class FullWatch {
  public:
    /// Returns how many connections wait for a core now.
    using Waiting = std::function<std::uint64_t()>;

    explicit FullWatch(Waiting waiting) : waiting_(std::move(waiting)) {}

    /// To be called once a second.
    void look(const std::vector<GenerationStatus>& generations);

  private:
    Waiting waiting_;
    std::uint64_t ended_ = 0;  ///< requests, as of the last look
    int full_ = 0;             ///< looks since when all cores are busy
    int calm_ = 0;             ///< looks since when some are free
    bool told_ = false;
};

}  // namespace geventd::master
