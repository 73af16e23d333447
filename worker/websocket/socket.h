// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "event/deadlines.h"
#include "shm/web_socket_table.h"
#include "worker/requests/application.h"
#include "worker/requests/exchange.h"
#include "worker/requests/upgraded.h"

namespace geventd::worker {

class Channel;
class Channels;
class RawSocket;

/// A request that asks for a WebSocket and may become one: by the server's own engine (Channel), or
/// as a stream of bytes on which a library speaks (RawSocket).
///
/// The exchange stays until all is over and the request's greenlet has ended. A greenlet that waits
/// here is resumed from Channels::attend(), in a turn of the loop.
/// Lives in: worker, loop side; belongs to its request. Called from the hub's greenlet and others.
class Socket : public Upgraded, public event::Deadline {
  public:
    Socket(Channels& home, Request& request) : home_(home), request_(request) {}

    [[nodiscard]] Request& request() const { return request_; }

    /// What it is; null: the other.
    virtual Channel* as_channel() { return nullptr; }

    virtual RawSocket* as_raw() { return nullptr; }

    /// The greenlet that waits for something to receive, or the end.
    Waiter reader;

    /// The greenlets that wait until they may send, in the order in which they came.
    std::list<Waiter>& senders() { return senders_; }

    // Called by Channels.

    /// Resumes greenlets that need not wait any more, and ends the exchange if all is over. May
    /// switch greenlets.
    void attend();

    /// The worker drains: says good-bye.
    virtual void on_leaving_due() noexcept = 0;

    /// The time in which the client answers a closing frame has passed.
    virtual void on_closing_due() noexcept = 0;

    /// What it has carried so far.
    [[nodiscard]] shm::WebSocketTable::Traffic traffic() const;

    /// The place in the list of those whose exchanges have not ended.
    std::size_t index = 0;

    /// The place in the table that the master sees.
    std::uint32_t place = 0;

    /// When it says good-bye. Known once the worker drains.
    TimePoint leaves_at;

    /// attend() will be called.
    bool is_listed = false;

  protected:
    [[nodiscard]] Exchange& exchange() const { return *request_.exchange; }

    void count_received(std::uint64_t messages = 1) noexcept;
    void count_sent(std::uint64_t messages = 1) noexcept;

    /// Sends the output, and keeps its memory only while the client does not take it. False: it
    /// cannot be sent. REQUIRES: the exchange sends nothing.
    bool send_output() noexcept;

    /// Whether what stands before the closing frame is still on its way to a client that takes it:
    /// limits.websocket-write says when it does not. Where that is off, twelve times the wait for
    /// an answer are enough, which is a minute unless the worker has little time to drain.
    [[nodiscard]] bool may_go_on_sending() noexcept;

    /// Nothing more is sent to the client, or comes from it.
    [[nodiscard]] virtual bool is_over() const = 0;

    /// The reader has been resumed for what came, or was elsewhere.
    virtual void on_turn_over() noexcept {}

    /// The reader has something to do.
    [[nodiscard]] virtual bool is_readable() const = 0;

    Channels& home_;
    Request& request_;
    std::string output_;       ///< what the exchange sends
    bool application_ = true;  ///< the request's greenlet runs

  private:
    std::list<Waiter> senders_;
    int rounds_ = 0;  ///< how often may_go_on_sending() was asked
};

}  // namespace geventd::worker
