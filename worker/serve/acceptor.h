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
/// None of this makes the loop spin. A socket that was shut down is reported to the master and
/// tried again after a pause. A lost descriptor is replaced by a copy, and the worker by a
/// successor. Any other error is logged once, shown in the scoreboard and retried. So is epoll's
/// refusal to watch the socket: it is watched through two epolls, ours and the hub's, and the
/// kernel allows 500 such watchers. In a reload of many workers the last ones therefore wait until
/// the former generation has left.
/// Lives in: worker, loop side. Owns the worker's copies of the socket; closing them leaves the
/// kernel's queue to the master and the other workers.
class Acceptor {
  public:
    /// Receives the connections, and hears of what prevents them.
    class Owner {
      public:
        Owner() = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        virtual ~Owner() = default;

        virtual void on_accepted(net::Stream stream, const Peer& peer,
                                 const Listening& listener) = 0;

        /// Whether to leave the next connection to other workers, after `accepted` in this turn.
        virtual bool leaves_next(int accepted) = 0;

        /// No descriptor is free for a connection; `error` is the errno.
        virtual void out_of_descriptors(int error) = 0;

        /// The queue of connections is empty.
        virtual void accepted_all() = 0;

        /// The listening socket was shut down.
        virtual void listener_down() = 0;

        /// The listening socket gives errors instead of connections (true), or works again (false).
        virtual void listener_deaf(bool deaf) = 0;

        /// The application has closed the listening socket in this process.
        virtual void listener_lost() = 0;

        [[nodiscard]] virtual bool accepts(const Listening& listener) const = 0;
    };

    Acceptor(event::Loop& loop, event::DeadlineClock& clock, Owner& owner, Listening listening);
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    ~Acceptor() = default;

    void resume();
    void pause();

    /// Takes a connection, if one waits. False when there is none or none can be taken.
    bool take_one();

    /// Stops for good.
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
    UniqueFd copy_;  ///< of the socket, in case the application closes the first descriptor
    event::Io io_;
    event::Timer rest_timer_;
    bool introduced_ = false;  ///< epoll watches the socket
    bool down_ = false;        ///< the socket was shut down, and the master knows
    bool told_ = false;        ///< the reason why nothing can be accepted has been logged
    bool deaf_ = false;        ///< the socket gives errors instead of connections
};

}  // namespace geventd::worker
