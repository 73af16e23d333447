// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>

#include "base/clock.h"
#include "base/fd.h"
#include "ipc/channel.h"
#include "worker/process/own_descriptors.h"

namespace geventd::worker {

/// Ends this process when it does not come to its end by itself: `limit` after its drain began, or
/// after the master has gone, which else would end it. And soon when its turns cannot come any
/// more, because the application has closed what they come by. A thread that needs neither the GIL
/// nor the hub, and a child that the application forks has none of it.
///
/// The line to the master gets a high number here, which applications do not close by mistake. The
/// number that it has had becomes a copy: free, that would be somebody else's, of whom a late
/// close() then takes it.
/// Lives in: worker, from before its hooks run until its exit.
class Overtime {
  public:
    /// `limit` is a second at least. Throws ErrnoError or std::system_error.
    Overtime(ipc::Channel& line, Duration limit);
    Overtime(const Overtime&) = delete;
    Overtime& operator=(const Overtime&) = delete;
    ~Overtime() = default;

    /// The drain has begun. Later calls change nothing.
    void begin() noexcept;

    /// Until this ends the process; zero while it does not.
    [[nodiscard]] Duration left() const noexcept;

    /// Whether that is a descriptor of the line.
    [[nodiscard]] bool is_line(int fd) const noexcept;

    /// It may have been taken as well.
    [[nodiscard]] int copy() const { return copy_.get(); }

    /// For when lost_line() has been called: the number is not ours any more.
    [[nodiscard]] int release_copy() { return copy_.release(); }

    OwnDescriptors& descriptors() { return descriptors_; }

  private:
    void run() noexcept;
    bool look_for_master(int events) noexcept;

    Duration limit_;
    ino_t inode_;    ///< of the line's socket
    UniqueFd copy_;  ///< of the line; the thread does not touch it any more when it is lost
    OwnDescriptors descriptors_;
    std::atomic<Duration::rep> end_ = 0;  ///< of the process, since the clock's epoch; 0: open
};

/// Has the kernel kill this process when the master dies. A worker that serves does not want that:
/// it drains.
void die_with_master(bool on);

}  // namespace geventd::worker
