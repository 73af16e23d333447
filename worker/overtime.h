// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>

#include "base/clock.h"
#include "base/fd.h"
#include "worker/own_descriptors.h"

namespace geventd::worker {

/// Ends this process when it does not come to its end by itself: `limit` after its drain began, or
/// after the master has gone, which else would end it. And at once when its turns cannot come any
/// more, because the application has closed what they come by. A thread that needs neither the GIL
/// nor the hub nor low descriptors, and a child that the application forks has none of it.
/// Lives in: worker, from before its hooks run until its exit.
class Overtime {
  public:
    /// `channel` is the line to the master, of which this keeps a copy. `limit` is a second at
    /// least. Throws ErrnoError or std::system_error.
    Overtime(int channel, Duration limit);
    Overtime(const Overtime&) = delete;
    Overtime& operator=(const Overtime&) = delete;
    ~Overtime() = default;

    /// The drain has begun. Later calls change nothing.
    void begin() noexcept;

    /// Until this ends the process; zero while it does not.
    [[nodiscard]] Duration left() const noexcept;

    OwnDescriptors& descriptors() { return descriptors_; }

  private:
    void run() noexcept;
    bool look_for_master() noexcept;

    Duration limit_;
    UniqueFd line_;
    ino_t line_inode_;
    OwnDescriptors descriptors_;
    std::atomic<Duration::rep> end_ = 0;  ///< of the process, since the clock's epoch; 0: open
};

/// Has the kernel kill this process when the master dies. A worker that serves does not want that:
/// it drains.
void die_with_master(bool on);

}  // namespace geventd::worker
