// SPDX-License-Identifier: MIT
#pragma once

#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "net/peer.h"
#include "net/stream.h"
#include "worker/process/listening.h"
#include "worker/requests/peer.h"

namespace geventd::worker {

/// Takes connections from one listening socket while the worker has room for them.
///
/// An application can shut the socket down, close the descriptor or put another file in its place.
/// None of this makes the loop spin: what was shut down is told to the master and tried again
/// after a rest; a lost descriptor is replaced by a copy, and the worker by a successor; any other
/// error is said once, shown in the scoreboard and waited for. Epoll's refusal to watch the socket
/// is said once, too: of one that is watched through two epolls, ours and the hub's, the kernel
/// takes 500 watchers. In a reload of many workers those that come last wait until the former
/// generation has left.
/// Lives in: worker, loop side. Owns the worker's copies of the socket; closing them leaves the
/// kernel's queue to the master and the other workers.
class Acceptor {
  public:
    /// Who gets the connections, and is told of what stands in their way.
    class Owner {
      public:
        Owner() = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        virtual ~Owner() = default;

        virtual void welcome(net::Stream stream, const Peer& peer, const Listening& listener) = 0;

        /// The next connection is left to other workers.
        virtual bool leaves_next() = 0;

        /// There is no descriptor for a connection (errno).
        virtual void out_of_descriptors(int error) = 0;

        /// No more connection waits.
        virtual void accepted_all() = 0;

        /// The listening socket was shut down.
        virtual void listener_down() = 0;

        /// The listening socket gives errors instead of connections (true), or connections again.
        virtual void is_deaf(bool deaf) = 0;

        /// The application has closed the listening socket in this process.
        virtual void listener_lost() = 0;

        /// Connections are wanted.
        [[nodiscard]] virtual bool accepts() const = 0;
    };

    Acceptor(event::Loop& loop, event::DeadlineClock& clock, Owner& owner, Listening listening);
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    ~Acceptor() = default;

    void resume();
    void pause();

    /// Never accepts again.
    void close();

    [[nodiscard]] const Listening& listening() const { return listening_; }

  private:
    void on_readable(int events) noexcept;
    bool accept_one(bool is_first);
    void on_nobody(bool is_first);
    void on_failure(const net::AcceptError& error);
    bool introduce();
    [[nodiscard]] bool is_lost() const;
    void rest();
    void on_rested() noexcept;
    void set_deaf(bool deaf);
    void replace_lost();
    void take_copy();

    Owner& owner_;
    Listening listening_;
    UniqueFd copy_;  ///< of the socket, for when the application has taken the other
    event::Io io_;
    event::Timer rest_timer_;
    bool introduced_ = false;  ///< epoll watches the socket
    bool down_ = false;        ///< the socket was shut down, as the master has been told
    bool told_ = false;        ///< why nothing can be accepted
    bool deaf_ = false;        ///< it gives errors instead of connections
};

}  // namespace geventd::worker
