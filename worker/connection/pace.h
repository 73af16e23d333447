// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace geventd::worker {

/// How fast a client gives or takes bytes. Counts only the time in which it is waited for, so that
/// an application that takes its time is no fault of the client's.
/// Lives in: worker, in its connection; one for each direction.
class Pace {
  public:
    void reset() { *this = {}; }

    void begin(TimePoint now) {
        if (since_ == TimePoint()) {
            since_ = now;
        }
    }

    void end(TimePoint now) {
        if (since_ != TimePoint()) {
            waited_ += now - since_;
            since_ = {};
        }
    }

    void count(std::uint64_t bytes) { bytes_ += bytes; }

    /// How long the client may be waited for from now on if nothing comes. `rate`: bytes a second;
    /// 0: for ever.
    [[nodiscard]] Duration patience(std::uint64_t rate) const {
        if (rate == 0) {
            return Duration::max();
        }
        const Duration earned = std::chrono::duration_cast<Duration>(
            std::chrono::duration<double>(static_cast<double>(bytes_) / static_cast<double>(rate)));
        return std::max(std::max<Duration>(kGrace, earned) - waited_, Duration::zero());
    }

  private:
    static constexpr Duration kGrace = std::chrono::seconds(5);

    std::uint64_t bytes_ = 0;
    Duration waited_{};
    TimePoint since_;
};

}  // namespace geventd::worker
