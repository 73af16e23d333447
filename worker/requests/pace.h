// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace geventd::worker {

/// How fast a client gives or takes bytes. Counts only the time in which it is waited for: neither
/// an application that takes its time nor a hub that was blocked is a fault of the client's.
/// Lives in: worker, in its connection; one for each direction.
class Pace {
  public:
    void reset() { *this = {}; }

    /// The client is waited for. Returns until when, if nothing comes. `pause`: the longest one;
    /// `rate`: bytes a second; 0: any.
    TimePoint begin(TimePoint now, Duration pause, std::uint64_t rate) {
        if (since_ == TimePoint()) {
            since_ = now;
        }
        const Duration most = std::min(pause, patience(rate));
        due_ = most == Duration::max() ? TimePoint::max() : now + most;
        return due_;
    }

    /// Something came, or nobody waits any more. When it is found late, the hub was blocked.
    void end(TimePoint now) {
        if (since_ != TimePoint()) {
            waited_ += now < due_ ? now - since_ : Duration::zero();
            since_ = {};
        }
    }

    /// The pause is over, but the client has taken some of what the kernel holds for it.
    void excuse(TimePoint now) {
        waited_ += due_ - since_;
        since_ = now;
    }

    void count(std::uint64_t bytes) { bytes_ += bytes; }

  private:
    [[nodiscard]] Duration patience(std::uint64_t rate) const {
        if (rate == 0) {
            return Duration::max();
        }
        const Duration earned = std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(static_cast<double>(bytes_) / static_cast<double>(rate)));
        return std::max(std::max<Duration>(kGrace, earned) - waited_, Duration::zero());
    }

    static constexpr Duration kGrace = std::chrono::seconds(5);

    std::uint64_t bytes_ = 0;
    Duration waited_{};
    TimePoint since_;
    TimePoint due_;
};

}  // namespace geventd::worker
