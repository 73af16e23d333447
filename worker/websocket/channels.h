// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "http/request_head.h"
#include "shm/region.h"
#include "shm/web_socket_table.h"
#include "websocket/handshake.h"
#include "websocket/session.h"
#include "worker/requests/accounts.h"
#include "worker/requests/admission.h"
#include "worker/requests/request.h"
#include "worker/websocket/channel.h"
#include "worker/websocket/raw_socket.h"

namespace geventd::worker {

/// The WebSockets of a worker: who may open one, their time limits, and how they end when the
/// worker drains.
/// Lives in: worker, loop side.
class Channels {
  public:
    struct Parts {
        event::Loop& loop;
        event::DeadlineClock& clock;
        Admission& admission;
        Accounts& accounts;
    };

    /// Borrows the parts.
    Channels(const Parts& parts, const config::Limits& limits);
    Channels(const Channels&) = delete;
    Channels& operator=(const Channels&) = delete;
    ~Channels() = default;

    /// What the request says if it asks for a WebSocket; nullopt: it does not, or this build has
    /// none.
    [[nodiscard]] std::optional<websocket::Handshake> handshake_of(const Request& request) const;

    /// Why no WebSocket is opened for a request that asks for one; status 0: it may be.
    /// REQUIRES: channel_of() has made that of the request.
    [[nodiscard]] http::Rejection refusal(const websocket::Handshake& handshake) const;

    /// The WebSocket that the request asks for, which is made when it is first asked for; null: the
    /// request asks for none, or has become a raw one. Throws std::bad_alloc.
    Channel* channel_of(Request& request);

    /// The raw one that the request becomes by this, if its WebSocket is not used yet; null: it
    /// cannot. Throws std::bad_alloc.
    RawSocket* raw_of(Request& request);

    /// The request is answered in another way than by the WebSocket it has asked for.
    void not_opened() noexcept { --asked_; }

    /// How many have not ended, together with the greenlets that use them.
    [[nodiscard]] std::size_t count() const { return open_.size(); }

    [[nodiscard]] const std::vector<Socket*>& all() const { return open_; }

    /// Resumes greenlets that wait for what has happened. May switch greenlets.
    void attend();

    [[nodiscard]] bool has_work() const { return !listed_.empty(); }

    /// Closes all within limits.drain-websockets, one after the other, so that their clients do not
    /// come back all at once; a few take no longer than they need. `stops`: there will be no
    /// successor.
    void drain(bool stops);

    /// Closes those whose moment has not come yet: the time of drain() is over.
    void end_drain() noexcept;

    // Called by sockets.
    std::unique_ptr<websocket::Session> make_session(
        websocket::Session::User& user, const std::optional<websocket::DeflateTerms>& deflate);

    /// Reserves what opened() and attend_later() need, so that they cannot fail for lack of memory.
    void make_room_for_one();
    void opened(Socket& socket);
    void ended(Socket& socket) noexcept;
    void attend_later(Socket& socket) noexcept;

    [[nodiscard]] Application& application() const { return admission_.application(); }

    [[nodiscard]] Accounts& accounts() const { return accounts_; }

    [[nodiscard]] std::span<char> scratch() { return scratch_; }

    [[nodiscard]] std::uint64_t most_message() const { return most_message_; }

    /// Messages to clients that offer it are compressed.
    [[nodiscard]] bool compresses() const { return least_compressed_ > 0; }

    /// There is a limits.websocket-write.
    [[nodiscard]] bool limits_writing() const { return limits_writing_; }

    [[nodiscard]] bool expects_pongs() const { return !pong_.is_off(); }

    /// Shows the master what the WebSocket has carried.
    void show_traffic(const Socket& socket) noexcept;

    /// The shared memory with the table of WebSockets, for the master.
    [[nodiscard]] int table_fd() const { return region_.fd(); }

    /// Starts the wait for the next ping, or for the good-bye if that comes before it.
    void await_ping(Socket& socket) { await_in(ping_, socket); }

    /// As await_ping(), but the client owes a pong.
    void await_pong(Socket& socket) { await_in(pong_, socket); }

    event::DeadlineList& closing() { return closing_; }

    [[nodiscard]] std::uint16_t leaving_code() const;
    [[nodiscard]] std::string_view leaving_reason() const;

  private:
    void await_in(event::DeadlineList& list, Socket& socket);
    void show_count();
    std::uint32_t take_place();

    event::Loop& loop_;
    Admission& admission_;
    Accounts& accounts_;
    std::unique_ptr<websocket::Engine> engine_;
    std::vector<std::string> origins_;
    std::size_t most_;
    shm::Region region_;
    shm::WebSocketTable table_;
    std::vector<std::uint32_t> free_places_;  ///< of the table, which were used and are free again
    std::uint32_t used_places_ = 0;           ///< how many were ever used
    std::uint64_t most_message_;
    std::uint64_t least_compressed_;
    bool limits_writing_;
    Duration drain_time_;
    event::DeadlineList ping_;
    event::DeadlineList pong_;
    event::DeadlineList closing_;
    event::DeadlineList leaving_;
    std::vector<Socket*> open_;
    std::size_t asked_ = 0;             ///< requests that may still become one
    std::vector<RequestRef> listed_;    ///< those that attend() looks at
    std::vector<RequestRef> attended_;  ///< those that it is looking at
    bool draining_ = false;
    bool stops_ = false;
    std::array<char, 64 << 10> scratch_;
};

}  // namespace geventd::worker
