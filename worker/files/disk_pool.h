// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
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

    explicit DiskPool(std::size_t most = 4) : most_(most) {}

    DiskPool(const DiskPool&) = delete;
    DiskPool& operator=(const DiskPool&) = delete;

    /// Waits for the tasks that run; those that wait are dropped.
    ~DiskPool();

    /// Runs the task soon; in this thread if there can be no other. Throws std::bad_alloc.
    void run(Task task);

  private:
    void work() noexcept;
    bool add_thread() noexcept;

    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Task> tasks_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool ends_ = false;
};

}  // namespace geventd::worker
