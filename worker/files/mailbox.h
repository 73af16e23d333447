// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace geventd::worker {

/// Something that a thread does for the loop, which then goes on with the result.
class Errand {
  public:
    Errand() = default;
    Errand(const Errand&) = delete;
    Errand& operator=(const Errand&) = delete;
    virtual ~Errand() = default;

    /// In a thread; may wait for the disk. Throws std::bad_alloc.
    virtual void work() = 0;

    /// In the loop. May switch greenlets. `failed`: there was no memory for the work.
    virtual void go_on(bool failed) noexcept = 0;

  private:
    friend class Mailbox;

    std::shared_ptr<Errand> next_;
    bool failed_ = false;
};

/// Errands that threads have done, for the loop. Shared because a thread's task must be copyable;
/// in truth the task hands its own on, so that errands end in the loop. Lives in: worker.
class Mailbox {
  public:
    /// `wake` is called in a thread when open() has something to do.
    explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    /// In a thread: does the errand, and leaves it for the loop.
    void serve(std::shared_ptr<Errand> errand) noexcept {
        try {
            errand->work();
        } catch (const std::bad_alloc&) {
            errand->failed_ = true;
        }
        {
            const std::lock_guard lock(mutex_);
            errand->next_ = std::move(newest_);
            newest_ = std::move(errand);
        }
        has_mail_ = true;
        wake_();
    }

    /// There is something to do for open().
    [[nodiscard]] bool has_mail() const noexcept { return has_mail_; }

    /// In the loop: goes on with all errands that are done, the oldest first.
    void open() noexcept {
        if (!has_mail_.exchange(false)) {
            return;
        }
        std::shared_ptr<Errand> newest;
        {
            const std::lock_guard lock(mutex_);
            newest = std::move(newest_);
        }
        std::shared_ptr<Errand> oldest;
        while (newest) {
            std::swap(newest->next_, oldest);
            std::swap(newest, oldest);
        }
        while (oldest) {
            const std::shared_ptr<Errand> errand = std::move(oldest);
            oldest = std::move(errand->next_);
            errand->go_on(errand->failed_);
        }
    }

  private:
    std::function<void()> wake_;
    std::mutex mutex_;
    std::shared_ptr<Errand> newest_;
    std::atomic<bool> has_mail_ = false;
};

}  // namespace geventd::worker
