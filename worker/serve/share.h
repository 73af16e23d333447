// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include "base/fd.h"
#include "event/loop.h"
#include "shm/scoreboard.h"

namespace geventd::worker {

/// This worker's share of its generation's connections. One that has clearly more than its siblings
/// leaves new ones in the kernel's queue for a moment, for those with fewer. Siblings that do not
/// take them then are busy or stuck: a few are taken before it waits again.
/// Lives in: worker, loop side. Reads what the siblings show in the scoreboard.
class Share {
  public:
    /// `board` may be null: there are no siblings. `slot` is this worker's.
    /// `regulate` is called when connections may be taken again.
    Share(event::Loop& loop, const shm::Scoreboard* board, const shm::WorkerSlot& slot,
          std::function<void()> regulate);

    /// Whether the next connections are left to siblings: then so until the worker is told to
    /// regulate_accepting() a moment later.
    bool leaves_next(std::size_t connections);

    /// Connections are being left to siblings.
    [[nodiscard]] bool leaving() const { return leaving_; }

  private:
    [[nodiscard]] bool is_above(std::uint64_t connections) const;
    void on_timer(int events) noexcept;

    std::function<void()> regulate_;
    const shm::Scoreboard* board_;
    const shm::WorkerSlot& slot_;
    UniqueFd timer_;
    event::Io io_;
    bool leaving_ = false;
    bool has_waited_ = false;  ///< since the last connection
    int taken_anyway_ = 0;     ///< left to take without waiting for siblings
};

}  // namespace geventd::worker
