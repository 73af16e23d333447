// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/deadlines.h"
#include "event/loop.h"
#include "http/head_parser.h"
#include "http/proxy_header.h"
#include "net/stream.h"
#include "shm/request_table.h"
#include "worker/peer.h"
#include "worker/request.h"

namespace geventd::worker {

class Worker;
struct Listening;

/// One client connection, from accept to close.
///
///   Idle ──bytes──▶ ReadingHead ──head──▶ [ReadingBody: small bodies] ──▶ Queued ──core──▶ Running
///    ▲                                                                                       │
///    └───────────────────────────── answer out, connection kept ─────────────────────────────┤
///                                       refused, or more to come than is wanted ──▶ Lingering ┤
///                                                                                     Closed ◀┘
///
/// No Python runs for it before Running, and an idle one holds no buffer. While Running, bytes
/// are only read for a greenlet that asks for them; otherwise they wait in the kernel.
///
/// Nothing is ever left to itself. Between two turns of the loop
///  - one that waits for its client (Idle, ReadingHead, ReadingBody, Lingering) is watched for
///    reading and has a deadline, unless the configuration says that there is no limit;
///  - a Queued one stands in the worker's queue, which the next free core looks into;
///  - a Running one belongs to its request; where a greenlet of that waits for the client, it is
///    watched for that and has a deadline, and it is watched for writing for nobody else;
///  - one with received bytes behind an ended request stands in the worker's list of such;
///  - one that holds pieces back stands in the worker's list of such, until the turn has ended.
/// Worker::neglect() looks for one of which this is not true; builds with assertions do so after
/// each turn.
///
/// Lives in: worker, loop side. Owned by the Worker, which frees closed ones at the end of a
/// turn, so that callers up the stack may still look at state().
class Connection : public event::Deadline {
  public:
    enum class State : std::uint8_t {
        Idle,
        ReadingHead,
        ReadingBody,
        Queued,
        Running,
        Lingering,
        Closed,
    };

    enum class IoState { Done, Wait, Failed };

    Connection(Worker& worker, net::Stream stream, const Peer& peer, const Listening& listener);

    /// Reads what a fresh connection may have brought along.
    void welcome() noexcept { on_io(event::Io::kRead); }

    /// Does something for this connection, whose end it is when there is no memory for it: its
    /// client sees a reset, others see nothing. The loop calls all of it through here.
    template <typename Deed>
    void attempt(Deed deed) noexcept {
        bool failed = false;
        try {
            deed();
        } catch (const std::bad_alloc&) {
            failed = true;  // greenlets may switch in what follows, which they must not do here
        }
        if (failed) {
            fall();
        }
    }

    /// Goes on with bytes that were received behind a request that has ended.
    void revisit() noexcept {
        attempt([this] { process({}); });
    }

    /// A core is free: runs the request. May switch greenlets.
    void run();

    /// It waited too long for a core: answers 503.
    void overdue();

    /// The time of its request is over before that runs: answers 504, or 408 when the body is not
    /// there yet.
    void out_of_time();

    /// Ends the connection by a reset while its request runs on, for good.
    void give_up() noexcept;

    /// How the answer to a request ended.
    enum class End : std::uint8_t {
        Complete,  ///< all of it is out, and the connection may serve on
        Last,      ///< all of it is out, its end is the connection's end
        Aborted,   ///< it cannot be completed: the client must notice
    };

    /// Ends the request.
    void finish(End end) noexcept;

    /// Body bytes into a reader's memory. Wait: none there now, see await_readable(). Done with
    /// `got` 0: the body has ended. Failed: see the body's rejection, else the client is gone.
    IoState read_body(char* into, std::size_t room, std::size_t& got);

    /// Sends all of `parts`. Wait: the kernel's buffer is full; the loop sends the rest and
    /// resumes request.writer when all is out (the memory of `parts` must stay until then).
    IoState write(std::span<const iovec> parts);

    /// Told of each piece of an answer that is made piece by piece, before its write(). Pieces that
    /// follow one another at once share packets (Nagle's algorithm) until the application waits or
    /// the answer ends.
    void follow_piece() noexcept;

    /// What was held back to share a packet leaves now.
    void separate_pieces() noexcept;

    /// Sends up to `count` bytes of a file from `offset`, which it moves, by sendfile. Wait: the
    /// kernel's buffer is full, see await_writable(). Done with nothing sent: the file has ended.
    IoState send_file(int file, off_t& offset, std::size_t count);

    /// Resumes request.writer when the kernel takes more.
    void await_writable();

    /// The writing greenlet was taken away from its wait: forgets what is left to send, so the
    /// connection can only be closed.
    void abandon_write() noexcept;

    /// Resumes request.reader when bytes, or the end, can be read.
    void await_readable();

    /// The reading greenlet is no longer waiting.
    void stop_awaiting_readable() noexcept;

    void on_deadline() noexcept;

    /// The address that the client has by a PROXY header, else its own; "" for unix sockets.
    [[nodiscard]] std::string client_host() const;

    /// What others are shown of the request that is about to run.
    [[nodiscard]] shm::RequestTable::Facts request_facts() const;

    /// For a draining worker: answers say `Connection: close` from now on.
    void close_after_answer() noexcept { last_answer_ = true; }

    /// Ends the connection for the client while its request runs on: the end follows what was sent
    /// so far, and nothing can be sent any more.
    void disconnect() noexcept;

    /// Its end reaches the client now, also where another process has the descriptor, too.
    void close() noexcept;

    /// No request runs or is on its way, neither read nor waiting to be read.
    [[nodiscard]] bool is_unused() const noexcept;

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] bool broken() const { return broken_; }

    [[nodiscard]] bool last_answer() const { return last_answer_; }

    [[nodiscard]] const Peer& peer() const { return peer_; }

    /// What a PROXY header said; null without one.
    [[nodiscard]] const http::ProxyHeader* proxied() const { return proxied_.get(); }

    [[nodiscard]] const Listening& listener() const { return listener_; }

    [[nodiscard]] int fd() const { return stream_.fd(); }

    [[nodiscard]] bool write_pending() const { return !unsent_.empty(); }

    /// What is missing of the attention that it needs in its state; "": nothing. See above.
    [[nodiscard]] std::string_view neglect() const;

  private:
    friend class Worker;

    void on_io(int events) noexcept;
    void serve(int events);
    void time_out();
    void fall() noexcept;
    void on_readable();
    void receive_head();
    void receive_early_body();
    void discard();
    void stop_reading();
    void notice_disconnect();

    [[nodiscard]] bool is_watched(int events) const { return (io_.events() & events) == events; }

    void await_disconnect();
    void on_running_deadline() noexcept;

    void process(std::string_view fresh);
    std::size_t parse_one(std::string_view bytes);
    std::size_t wait_for_more();
    std::size_t refuse_all(std::string_view bytes, const http::Rejection& rejection);
    std::size_t parse_proxy_header(std::string_view bytes);
    std::size_t parse_http(std::string_view bytes);
    std::size_t parse_uwsgi(std::string_view bytes);
    http::Rejection read_http(Request& request);
    http::Rejection read_uwsgi(Request& request, std::uint8_t modifier1);
    void answer_packet(const uwsgi::PacketHeader& header);
    Request& begin_request(std::string_view head_bytes);
    [[nodiscard]] bool must_stream() const;
    void keep_rest(std::string_view bytes, std::size_t used);
    void dispatch();

    void on_writable();
    IoState send_unsent();
    void refuse(const http::Rejection& rejection, std::string_view extra_headers = {});
    void linger();
    void abort();
    void release() noexcept;
    void rest();
    void watch_reads();

    Worker& worker_;
    const Listening& listener_;
    net::Stream stream_;
    State state_ = State::Idle;
    bool broken_ = false;  ///< nothing more can be sent
    bool last_answer_ = false;
    bool disconnected_ = false;  ///< by disconnect()
    bool processing_ = false;
    bool joins_pieces_ = false;
    bool proxy_awaited_ = false;  ///< a trusted peer may still send a PROXY header
    Peer peer_;
    std::uint32_t index_ = 0;  ///< place in the worker's list
    event::Io io_;
    http::HeadScanner scanner_;
    std::string input_;  ///< received, not yet parsed
    std::vector<iovec> unsent_;
    std::unique_ptr<http::ProxyHeader> proxied_;  ///< what a PROXY header said
    RequestRef request_;
};

}  // namespace geventd::worker
