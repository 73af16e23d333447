// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>

#include "base/clock.h"
#include "base/fd.h"
#include "ipc/channel.h"
#include "worker/process/own_descriptors.h"

namespace geventd::worker {

/// Ends this process when it does not end by itself: some time after its drain began, or after the
/// master's death. Ends it soon when its loop cannot get turns any more, because the application
/// has closed the descriptors for that. Runs in a thread that needs neither the GIL nor the hub;
/// children that the application forks do not have it.
///
/// Moves the channel to the master to a high number, which applications do not close by mistake.
/// The former number becomes a copy of it: otherwise the next file would get that number, and a
/// late close() by the application would close that file.
/// Lives in: worker, from before its hooks run until its exit.
class Overtime {
  public:
    /// `limit` is at least a second; `for_sessions`: how much longer a drain may take that keeps
    /// sessions. Throws ErrnoError or std::system_error.
    Overtime(ipc::Channel& channel, Duration limit, Duration for_sessions);
    Overtime(const Overtime&) = delete;
    Overtime& operator=(const Overtime&) = delete;
    ~Overtime() = default;

    /// The drain has begun. A later call can only shorten its time.
    void begin() noexcept { end_after(limit_); }

    /// The same for a drain that keeps sessions.
    void begin_with_sessions() noexcept { end_after(limit_ + for_sessions_); }

    /// The time until this ends the process; zero before begin().
    [[nodiscard]] Duration left() const noexcept;

    /// Whether `fd` is a descriptor of the channel to the master.
    [[nodiscard]] bool is_channel(int fd) const noexcept;

    /// The copy's number, which the application may have closed as well.
    [[nodiscard]] int copy() const { return copy_.get(); }

    /// Gives the copy's number up after report_lost_channel(): it is not ours any more.
    [[nodiscard]] int release_copy() { return copy_.release(); }

    OwnDescriptors& descriptors() { return descriptors_; }

  private:
    void end_after(Duration time) noexcept;
    void run() noexcept;
    bool look_for_master(int events) noexcept;

    Duration limit_;
    Duration for_sessions_;
    ino_t inode_;    ///< of the channel's socket
    UniqueFd copy_;  ///< of the channel; the thread does not touch it any more once it is lost
    OwnDescriptors descriptors_;
    std::atomic<Duration::rep> end_ = 0;  ///< when to end the process, by the clock; 0: not yet
};

/// Whether the kernel kills this process when the master dies. Off for a worker that serves, since
/// that drains.
void die_with_master(bool on);

}  // namespace geventd::worker
