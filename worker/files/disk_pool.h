// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace geventd::worker {

/// Threads that wait for the disk in place of the hub. They need no GIL. Made when they are first
/// needed, so none exists when a template forks; a process that the application forks has none, and
/// must not use this object.
/// Lives in: worker. Any thread of it may call run().
class DiskPool {
  public:
    /// Must not throw.
    using Task = std::function<void()>;

    /// Whom a task lets wait: a request that has no answer yet, or a client that has begun to
    /// receive one. Tasks of the first kind come first, and one thread is always left to them.
    enum class Urgency : bool { Answer, Transfer };

    /// Two threads at least, whatever `most`: a transfer must not occupy the only one.
    explicit DiskPool(std::size_t most = 4) : most_(std::max<std::size_t>(most, 2)) {}

    DiskPool(const DiskPool&) = delete;
    DiskPool& operator=(const DiskPool&) = delete;

    /// Waits for the tasks that run; those that wait are dropped.
    ~DiskPool();

    /// Runs the task soon; in this thread if there can be no other. Throws std::bad_alloc.
    void run(Task task, Urgency urgency = Urgency::Answer);

    /// Leads here until this object ends.
    [[nodiscard]] std::weak_ptr<DiskPool> handle() const { return self_; }

  private:
    [[nodiscard]] bool has_work() const {
        return !answers_.empty() || (!transfers_.empty() && at_transfers_ + 1 < most_);
    }

    void work() noexcept;
    bool add_thread() noexcept;

    const std::size_t most_;

    // Owns nothing: for handle(), whose users own it while they call run().
    std::shared_ptr<DiskPool> self_{this, [](DiskPool*) {}};

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Task> answers_;
    std::deque<Task> transfers_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    std::size_t at_transfers_ = 0;  ///< threads that do one of transfers_
    bool ends_ = false;
};

}  // namespace geventd::worker
