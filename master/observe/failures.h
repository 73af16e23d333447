// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "master/status/status.h"
#include "shm/scoreboard.h"

namespace geventd::master {

/// The latest failures of applications. A worker shows only its latest one, so of several between
/// two looks only the last is seen; the log has all.
/// Lives in: master.
class Failures {
  public:
    static constexpr std::size_t kMost = 10;

    explicit Failures(const shm::Scoreboard& board) : board_(board) {}

    /// Checks all workers.
    void look(const std::vector<GenerationStatus>& generations);

    /// Newest first.
    [[nodiscard]] std::vector<FailureStatus> newest() const {
        return {newest_.begin(), newest_.end()};
    }

  private:
    struct Seen {
        pid_t pid = 0;
        std::uint64_t mark = 0;

        bool operator==(const Seen&) const = default;
    };

    const shm::Scoreboard& board_;
    std::map<std::uint32_t, Seen> seen_;  ///< by slot
    std::deque<FailureStatus> newest_;
};

}  // namespace geventd::master
