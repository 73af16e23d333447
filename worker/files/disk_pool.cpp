// SPDX-License-Identifier: MIT
#include "worker/files/disk_pool.h"

#include <exception>
#include <utility>

#include "base/no_signals.h"

namespace geventd::worker {

DiskPool::~DiskPool() {
    self_.reset();
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
        answers_.clear();
        transfers_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void DiskPool::run(Task task, Urgency urgency) {
    {
        const std::lock_guard lock(mutex_);
        const bool is_enough =
            idle_ > answers_.size() + transfers_.size() || threads_.size() >= most_;
        if (is_enough || add_thread() || !threads_.empty()) {
            (urgency == Urgency::Answer ? answers_ : transfers_).push_back(std::move(task));
            task = nullptr;
        }
    }
    if (task) {
        return task();
    }
    changed_.notify_one();
}

// With the lock held. False when there can be no more threads now.
bool DiskPool::add_thread() noexcept {
    try {
        const NoSignals for_it;
        threads_.reserve(most_);
        threads_.emplace_back([this] { work(); });
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void DiskPool::work() noexcept {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        changed_.wait(lock, [this] { return ends_ || has_work(); });
        --idle_;
        if (ends_) {
            return;
        }
        const bool is_transfer = answers_.empty();
        std::deque<Task>& tasks = is_transfer ? transfers_ : answers_;
        at_transfers_ += is_transfer ? 1 : 0;
        {
            const Task task = std::move(tasks.front());
            tasks.pop_front();
            lock.unlock();
            task();
        }
        lock.lock();
        at_transfers_ -= is_transfer ? 1 : 0;
    }
}

}  // namespace geventd::worker
