// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "event/deadlines.h"
#include "event/loop.h"
#include "http/head_parser.h"
#include "http/proxy_header.h"
#include "net/stream.h"
#include "worker/connection/protocol.h"
#include "worker/connection/unsent.h"
#include "worker/files/transfers.h"
#include "worker/requests/exchange.h"
#include "worker/requests/pace.h"
#include "worker/requests/peer.h"
#include "worker/requests/request.h"

namespace geventd::worker {

struct Context;
struct Listening;
struct Parcel;

/// One client connection, from accept to close. It carries one request at a time and is the
/// exchange of that request.
///
///   Idle ──bytes──▶ ReadingHead ──head──▶ [ReadingBody: small bodies] ──▶ Queued ──core──▶ Running
///    ▲                                           │ it is for a file        ▲ there is none   │
///    │                                           └──▶ Serving ─────────────┘                 │
///    │                                                   └── the application names a file ◀──┤
///    │                                a slow client takes the rest by itself: Sending or Lent ┤
///    └───────────────────────────── answer out, connection kept ─────────────────────────────┤
///                                       refused, or unread input is left ─────────▶ Lingering ┤
///                                                                                     Closed ◀┘
///
/// No Python runs for it before Running, and an idle connection holds no buffer. While Running,
/// bytes are read only for a greenlet that asks for them; otherwise they wait in the kernel.
///
/// No connection is ever left without something that will continue it. Between two turns of the
/// loop
///  - a connection that waits for its client (Idle, ReadingHead, ReadingBody, Lingering) is watched
///    for reading and has a deadline, unless the configuration sets no limit;
///  - a Queued connection is in the worker's queue, from which the next free core takes it;
///  - a Running connection belongs to its request, or to what that was upgraded to; while a
///    greenlet of the request waits for the client, the connection is watched for that and has a
///    deadline; it is watched for writing only for such a greenlet;
///  - a Sending connection is watched for writing until the kernel has its answer, and has a
///    deadline, unless the configuration sets no limit;
///  - a Serving connection belongs to the file server, which waits for no more than the disk;
///  - a Lent connection belongs to the thread that sends the rest of a file to its client;
///  - a connection with bytes received after a request that has ended is in the list `revisits_` of
///    its owner;
///  - a connection that waits to read, and whose transport has bytes already, is in the list
///    `unread_` of its owner;
///  - a connection that holds pieces back is in the list `joining_` of its owner until the turn
///    ends.
/// Connections::neglect() looks for a connection that breaks this; builds with assertions call it
/// after each turn.
///
/// Lives in: worker, loop side. The owner frees closed connections at the end of a turn, so that
/// callers up the stack may still look at state().
class Connection final : public Exchange, public event::Deadline, private Transfer::Owner {
  public:
    enum class State : std::uint8_t {
        Idle,
        ReadingHead,
        ReadingBody,
        Queued,
        Serving,
        Running,
        Sending,
        Lent,
        Lingering,
        Closed,
    };

    /// Keeps the connection, and continues or frees it at the end of the turn.
    class Owner {
      public:
        Owner() = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        virtual ~Owner() = default;

        /// The connection is closed: free it when nobody up the stack can be looking at it.
        virtual void on_closed(Connection& connection) = 0;

        /// Bytes were received after a request that has ended: call revisit() to parse them.
        virtual void revisit_later(Connection& connection) = 0;

        /// Its transport has bytes that the socket does not tell of: call read_on() once a turn.
        virtual void read_on_later(Connection& connection) noexcept = 0;

        /// The connection holds pieces of an answer back until separate_pieces().
        virtual void separate_pieces_later(Connection& connection) = 0;
    };

    Connection(Context& context, Owner& owner, net::Stream stream, const Peer& peer,
               const Listening& listener);

    /// Reads what the client may have sent already.
    void start() noexcept {
        attempt([this] { on_readable(); });
    }

    /// The same for a connection that another worker has delivered. Its first request is served
    /// here, whatever its session.
    void arrive(const Parcel& parcel) noexcept;

    /// Refuses whatever the client has asked for.
    void turn_away(const http::Rejection& rejection) noexcept {
        attempt([this, &rejection] { refuse(rejection); });
    }

    /// Parses bytes that were received after a request that has ended.
    void revisit() noexcept {
        attempt([this] { process({}); });
    }

    /// Reads what its transport has. A transport that has no time for it yet is asked again later.
    void read_on() noexcept;

    [[nodiscard]] const Client& client() const override { return client_; }

    /// Sends the pieces that were held back to share a packet.
    void separate_pieces() noexcept;

    void on_deadline() noexcept;

    /// For a draining worker: answers say `Connection: close` from now on.
    void close_after_answer() noexcept { last_answer_ = true; }

    /// Closes as soon as no request runs and no byte of another has arrived. A client that has not
    /// sent any request yet may be about to: it gets two seconds for it.
    void close_when_unused() noexcept;

    [[nodiscard]] State state() const { return state_; }

    /// The request has become something else, which holds no core.
    [[nodiscard]] bool is_upgraded() const {
        return state_ == State::Running && request_->upgraded && request_->upgraded->has_begun();
    }

    [[nodiscard]] bool last_answer() const { return last_answer_; }

    /// Bytes were received after the request.
    [[nodiscard]] bool has_input() const { return !input_.empty(); }

    /// Pieces of its answer may still be held back.
    [[nodiscard]] bool joins_pieces() const { return joins_pieces_; }

    /// The place in the owner's list.
    [[nodiscard]] std::uint32_t index() const { return index_; }

    void set_index(std::uint32_t index) { index_ = index; }

    /// How the connection breaks the rules above; "": it does not.
    [[nodiscard]] std::string_view neglect() const;

  private:
    // Called as an Exchange only.
    void pass_on() override;
    void run() override;
    void queue_timed_out() override;
    void request_timed_out() override;
    void reset() noexcept override;

    IoState read_body(char* into, std::size_t room, std::size_t& got) override;
    [[nodiscard]] bool is_readable() const noexcept override;
    void await_readable() override;
    void stop_awaiting_readable() noexcept override;

    IoState send_interim(std::string_view bytes) noexcept override;
    IoState send_whole(std::span<iovec> parts) noexcept override;
    IoState send_head(std::uint64_t length) noexcept override;
    IoState send_piece(std::string_view bytes) noexcept override;
    IoState send_file(int file, off_t& offset) noexcept override;
    IoState end_answer() noexcept override;
    IoState send_error(int status, std::string_view reason) noexcept override;
    IoState upgrade(std::string_view protocol) noexcept override;
    IoState send_bytes(std::string_view bytes) noexcept override;

    bool keep(KeptRest rest) noexcept override { return unsent_.keep(std::move(rest)); }

    void await_writable() override;
    void abandon_write() noexcept override;
    void disconnect() noexcept override;
    void finish(bool complete) noexcept override;

    [[nodiscard]] bool is_sending() const override { return !unsent_.empty(); }

    [[nodiscard]] bool broken() const override { return broken_; }

    [[nodiscard]] bool client_has_left() const noexcept override { return stream_.has_hung_up(); }

    void on_io(int events) noexcept;
    void serve(int events);
    void time_out();
    void on_out_of_memory() noexcept override;
    void on_readable();
    void receive_head();
    void await_early_body();
    void receive_early_body();
    void give_up_early();
    void discard();
    void stop_reading();
    bool notice_input();

    [[nodiscard]] bool is_watched(int events) const {
        return io_.active() && (wanted_ & events) == events;
    }

    // What nothing in the kernel tells of.
    [[nodiscard]] bool has_unread() const {
        return is_watched(event::Io::kRead) && stream_.has_bytes();
    }

    void await_disconnect();
    void on_running_deadline() noexcept;

    void process(std::string_view fresh);
    std::size_t parse_one(std::string_view bytes);
    std::size_t wait_for_more();
    std::size_t refuse_all(std::string_view bytes, const http::Rejection& rejection,
                           std::string_view fields = {});
    std::size_t parse_proxy_header(std::string_view bytes);
    std::size_t begin_tls(std::string_view bytes);
    std::size_t refuse_plain(std::string_view bytes);
    void tell_of_tls(std::string_view bytes);
    void note_transport();
    [[nodiscard]] std::string_view hsts() const;
    [[nodiscard]] bool must_stream() const;
    void keep_rest(std::string_view bytes, std::size_t used);
    bool hand_over(std::string_view bytes);
    void dispatch();
    void admit();

    template <typename Action>
    IoState guarded(Action action) noexcept;
    void complete_head(std::optional<std::uint64_t> length);
    void note_head();
    void tell_of_excess();
    [[nodiscard]] bool tell_if_short() const;
    void tell_if_unreadable(int error) const;
    std::size_t add_piece(std::string_view bytes, std::span<iovec> parts);
    void follow_piece() noexcept;

    // Somebody may answer the request.
    [[nodiscard]] bool is_answered() const {
        return state_ == State::Running || state_ == State::Serving;
    }

    IoState write(std::span<const iovec> parts,
                  net::Stream::Then then = net::Stream::Then::Nothing);
    void on_writable();
    IoState send_unsent();
    IoState send_some_of_file();
    [[nodiscard]] bool has_named_file() const;
    void answer_named_file() noexcept;
    void send_rest() noexcept;
    [[nodiscard]] bool can_lend_file() const;
    bool lend_file() noexcept;
    void on_transferred(const Transfer& transfer) noexcept override;
    void conclude() noexcept;
    [[nodiscard]] bool is_followed_by_bytes(const Request& request) const noexcept;
    bool await_acknowledged() noexcept;
    void refuse(const http::Rejection& rejection, std::string_view extra_headers = {});
    void linger();
    void end_linger() noexcept;
    void close_if_unused() noexcept;
    void abort();
    void close() noexcept;
    void release() noexcept;
    void become_idle();
    void watch(int wanted);
    void watch_reads();
    void limit_reading();
    TimePoint limit_writing();
    bool goes_on_taking();
    void tell_to_continue();

    Context& context_;
    Owner& owner_;
    const Protocol& protocol_;
    net::Stream stream_;
    State state_ = State::Idle;
    bool broken_ = false;  ///< nothing more can be sent
    bool last_answer_ = false;
    bool disconnected_ = false;  ///< by disconnect()
    bool processing_ = false;
    bool was_used_ = false;  ///< has had a request
    bool closes_unused_ = false;
    bool is_whole_ = false;  ///< the application gave its whole answer
    bool joins_pieces_ = false;
    bool has_arrived_ = false;    ///< by arrive(), and its first request is still to be parsed
    std::uint32_t hops_ = 0;      ///< since bytes came from the client
    std::uint8_t wanted_ = 0;     ///< event::Io::Events that the connection waits for
    bool proxy_awaited_ = false;  ///< a trusted peer may still send a PROXY header
    bool tls_awaited_ = false;    ///< the next bytes are those of a handshake
    bool reads_on_ = false;       ///< the owner was told to read on later
    std::uint32_t index_ = 0;     ///< place in the owner's list
    Client client_;
    event::Io io_;
    http::HeadScanner scanner_;
    std::string input_;  ///< received, not yet parsed
    Unsent unsent_;
    TimePoint wait_end_;  ///< until when a small body, or the last of the answer, may take
    Pace reading_;        ///< of the request's body
    Pace writing_;        ///< of its answer
};

}  // namespace geventd::worker
