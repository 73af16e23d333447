// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <deque>

#include "base/clock.h"
#include "event/loop.h"
#include "ipc/channel.h"

namespace geventd::master {

/// Called after something came from a process, when the callee may look at the whole and may
/// destroy what it no longer needs.
class ChangeListener {
  public:
    virtual void on_change() noexcept = 0;

    /// A worker's application asks something of the server. on_change() follows; nothing may be
    /// destroyed before.
    virtual void on_demand(ipc::Demand demand) noexcept = 0;

    /// Files of modules that a process has imported, each with a NUL behind it.
    virtual void on_sources(const std::string& paths) noexcept = 0;

  protected:
    ~ChangeListener() = default;
};

// A killed process that is still there sits in the kernel (a dead NFS server): it is killed again
// so long after, and the log says so.
inline constexpr Duration kKillAgainAfter = std::chrono::seconds(10);

/// The line to a child process: its channel with the watcher, and its pid once that is known.
/// A process that was spawned has its pid from the start; one that a template forked names itself
/// by Hello, whose sender the kernel vouches for.
/// Lives in: master, inside the handle of the process.
class Child {
  public:
    /// Must not destroy the Child.
    class Owner {
      public:
        /// Takes out of the message what it keeps.
        virtual void on_message(ipc::Message& message) noexcept = 0;

        /// The channel was closed by the other side.
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

    /// Fails silently when the process is gone, which the reaper tells of soon; false then. What a
    /// process that does not read has no room for waits here until it does; of messages that tell
    /// how things stand (all but Fork and ForkSpare) the newest of a kind.
    bool send(const ipc::Message& message);

    /// Hands over what has arrived: no more than can be there at once, as a process that goes on
    /// sending must not keep the master.
    void receive() { receive_up_to(kMostQueued); }

    /// Hands over whatever has arrived, and has the process fail to say anything more: one that
    /// has not said Hello by now never will, and leaves.
    void receive_last();

    /// Closes our end: the process sees that nothing more will come.
    void hang_up();

  private:
    // Far above what the kernel keeps of messages that nobody has taken.
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
