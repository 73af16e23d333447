// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "net/stream.h"
#include "worker/files/disk_pool.h"
#include "worker/requests/pace.h"

namespace geventd::worker {

/// The rest of a file on its way to one client. While it is under way, a thread uses the stream,
/// and nobody else does.
struct Transfer {
    /// What a client may take its time for.
    struct Terms {
        Duration pause{};        ///< the longest in which it takes nothing
        std::uint64_t rate = 0;  ///< bytes a second; 0: any
    };

    /// Whose file it is: learns of the end, in the loop.
    class Owner {
      public:
        Owner() = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;

        virtual void on_transferred(const Transfer& transfer) noexcept = 0;

      protected:
        ~Owner() = default;
    };

    Owner& owner;
    net::Stream& stream;
    int file;
    off_t offset;
    std::uint64_t left;  ///< bytes to send, if the file has them
    Terms terms;
    Pace pace;
    std::uint64_t sent = 0;
    bool failed = false;  ///< it could not be sent to its end: mostly, the client has left
    int error = 0;        ///< why the file could not be read to its end

    // The thread's own.
    off_t warm_end = 0;  ///< up to there the file should be in memory
    TimePoint due = TimePoint::max();
    std::size_t waiting = 0;  ///< bytes that the kernel had when the client was waited for
    std::size_t place = 0;    ///< among all of the thread's
    bool watched = false;
    bool at_disk = false;
};

/// Sends files to clients in a thread, so that this goes on while the hub is blocked. The thread
/// waits for all their clients at once, and lets the pool wait for the disk.
/// Lives in: worker, loop side.
class Transfers {
  public:
    /// `wake` is called in a thread when collect() has something to do. Borrows the pool, whose
    /// tasks must have ended when this object ends.
    Transfers(DiskPool& pool, std::function<void()> wake);
    Transfers(const Transfers&) = delete;
    Transfers& operator=(const Transfers&) = delete;

    ~Transfers() { end(); }

    /// False: the loop must send the files.
    [[nodiscard]] bool can_begin() const { return !is_lost_; }

    /// Takes over; false: it cannot, and nothing has happened.
    bool begin(std::unique_ptr<Transfer>& transfer) noexcept;

    /// There is something to do for collect().
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

    /// Tells the owners of transfers that have ended.
    void collect() noexcept;

    /// How many are under way.
    [[nodiscard]] std::size_t count() const { return count_; }

    /// Ends the thread. Transfers under way are forgotten: their owners are about to go, too.
    void end() noexcept;

  private:
    using Owned = std::unique_ptr<Transfer>;

    bool start() noexcept;
    void run() noexcept;
    void take_new() noexcept;
    void go_on_warm() noexcept;
    void advance(Transfer& transfer) noexcept;
    static void set_due(Transfer& transfer) noexcept;
    static bool goes_on_taking(Transfer& transfer, TimePoint now) noexcept;
    void await_client(Transfer& transfer) noexcept;
    void await_disk(Transfer& transfer) noexcept;
    void on_warm(Transfer& transfer) noexcept;
    void unwatch(Transfer& transfer) noexcept;
    void finish(Transfer& transfer, bool failed) noexcept;
    void end_overdue() noexcept;
    void end_all() noexcept;

    DiskPool& pool_;
    std::function<void()> wake_;
    UniqueFd epoll_;
    UniqueFd call_;  ///< an eventfd by which others call the thread
    std::thread thread_;
    std::size_t count_ = 0;
    std::atomic<bool> ends_ = false;
    std::atomic<bool> is_lost_ = false;  ///< the application has closed the thread's descriptors
    std::atomic<bool> has_ended_ = false;

    // With the mutex.
    std::mutex mutex_;
    std::vector<Owned> new_;       ///< for the thread
    std::vector<Transfer*> warm_;  ///< for the thread: what the disk had to be waited for is here
    std::vector<Owned> ended_;     ///< for the loop

    // The thread's own.
    std::vector<Owned> active_;
    TimePoint next_look_;  ///< for those that are overdue
};

}  // namespace geventd::worker
