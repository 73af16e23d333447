// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include "base/fd.h"
#include "event/loop.h"
#include "shm/scoreboard.h"

namespace geventd::worker {

/// Accept balancing within a generation. A worker that has clearly more connections than its
/// siblings, or no free core while a sibling has one, leaves new ones in the kernel's queue for a
/// moment, for the others. If no sibling takes them in that time, the siblings are busy or stuck,
/// and this worker takes a few before it waits again.
/// Lives in: worker, loop side. Reads the siblings' slots in the scoreboard.
class AcceptBalance {
  public:
    /// `board` may be null: there are no siblings. `slot` is this worker's.
    /// `regulate` is called when connections may be taken again.
    AcceptBalance(event::Loop& loop, const shm::Scoreboard* board, const shm::WorkerSlot& slot,
                  std::function<void()> regulate);

    /// Whether to leave the next connections to siblings: if so, until `regulate` is called a
    /// moment later. `unread` of the connections were accepted just now: each may bring a request.
    bool leaves_next(std::size_t connections, std::uint32_t unread);

    /// Connections are being left to siblings.
    [[nodiscard]] bool leaving();

  private:
    [[nodiscard]] bool has_core(std::uint32_t unread) const;
    [[nodiscard]] bool is_above(std::uint64_t connections, bool has_core) const;
    void on_timer(int events) noexcept;

    std::function<void()> regulate_;
    const shm::Scoreboard* board_;
    const shm::WorkerSlot& slot_;
    UniqueFd timer_;
    event::Io io_;
    bool leaving_ = false;
    bool was_full_ = false;            ///< it leaves them because it had no core
    std::uint32_t most_requests_ = 0;  ///< the most that it has had since then
    bool has_waited_ = false;          ///< for siblings, since the last connection
    int taken_anyway_ = 0;  ///< how many more connections to take without waiting for siblings
};

}  // namespace geventd::worker
