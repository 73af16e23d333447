// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <deque>

#include "base/clock.h"
#include "event/loop.h"
#include "ipc/channel.h"

namespace geventd::master {

/// Called after a process has sent something. on_change() may inspect and destroy anything.
class ChangeListener {
  public:
    virtual void on_change() noexcept = 0;

    /// A worker's application asks something of the server. on_change() follows; nothing may be
    /// destroyed before that.
    virtual void on_demand(ipc::Demand demand) noexcept = 0;

    /// The files of modules that a process has imported, each followed by a NUL.
    virtual void on_sources(const std::string& paths) noexcept = 0;

  protected:
    ~ChangeListener() = default;
};

// A killed process that does not exit hangs in the kernel (a dead NFS server). It is killed again,
// and that is logged, at this interval.
inline constexpr Duration kKillAgainAfter = std::chrono::seconds(10);

/// The connection to a child process: its watched channel, and its pid once known. The pid of an
/// executed process is known from the start; a forked one sends Hello, and the kernel vouches for
/// the sender's pid.
/// Lives in: master, inside the handle of the process.
class Child {
  public:
    /// Must not destroy the Child.
    class Owner {
      public:
        /// Moves out of the message what it wants to keep.
        virtual void on_message(ipc::Message& message) noexcept = 0;

        /// The other side has closed the channel.
        virtual void on_hang_up() noexcept = 0;

      protected:
        ~Owner() = default;
    };

    Child(event::Loop& loop, ipc::Channel channel, Owner& owner, ChangeListener& listener);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    ~Child() { hang_up(); }

    void set_pid(pid_t pid) { pid_ = pid; }

    /// 0: not known yet, or gone.
    [[nodiscard]] pid_t pid() const { return pid_; }

    /// Returns false when the process is gone, which the reaper will report. When the process does
    /// not read and its queue is full, the message waits here; except for Fork and ForkSpare, only
    /// the latest message of each kind is kept.
    bool send(const ipc::Message& message);

    /// Delivers what has arrived, up to the most that can be queued: a process that never stops
    /// sending must not keep the master busy.
    void receive() { receive_up_to(kMostQueued); }

    /// Delivers what has arrived and shuts down the receiving side: a process that has not said
    /// Hello by now cannot do so any more, and exits.
    void receive_last();

    /// Closes our end; the process sees the end of messages.
    void hang_up();

  private:
    // Far above the number of unread messages that the kernel queues.
    static constexpr int kMostQueued = 4096;

    void on_io(int events) noexcept;
    void receive_up_to(int count);
    bool receive_one(ipc::Message& message);
    bool keep(const ipc::Message& message);
    void send_waiting();

    Owner& owner_;
    ChangeListener& listener_;
    ipc::Channel channel_;
    event::Io io_;
    std::deque<ipc::Message> waiting_;
    pid_t pid_ = 0;
};

}  // namespace geventd::master
