// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

#include "base/clock.h"
#include "base/fd.h"

namespace geventd::worker {

/// Ends this process when it does not come to its end by itself: `limit` after its drain began, or
/// after the master has gone, which else would end it. A thread with a timer of the kernel's: it
/// needs neither the GIL nor the hub, and a child that the application forks has none of it.
/// Lives in: worker, from before its hooks run until its exit.
class Overtime {
  public:
    /// `channel` is the line to the master, and stays open. Throws ErrnoError or std::system_error.
    Overtime(int channel, Duration limit);
    Overtime(const Overtime&) = delete;
    Overtime& operator=(const Overtime&) = delete;
    ~Overtime() = default;

    /// The drain has begun. Later calls change nothing.
    void begin() noexcept;

    /// Until this ends the process.
    [[nodiscard]] Duration left() const noexcept;

  private:
    void run(int channel) noexcept;

    Duration limit_;
    UniqueFd timer_;
    std::atomic<bool> begun_ = false;
};

/// Has the kernel kill this process when the master dies. A worker that serves does not want that:
/// it drains.
void die_with_master(bool on);

}  // namespace geventd::worker
