// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/proxy_header.h"
#include "http/request_head.h"
#include "shm/request_table.h"
#include "worker/requests/client.h"
#include "worker/requests/kept_rest.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// One request's way in and out: the request itself, the rest of its body, and its answer. The
/// worker gives it a core, and the application side reads and writes through it; neither knows the
/// transport or the protocol. A connection of HTTP/1 or uwsgi is one exchange after the other; a
/// protocol that carries several requests at once makes an exchange for each.
///
/// How to answer: fill request().answer.head(), then call send_whole(), or send_head() with
/// send_file(), or send_piece() for each piece and end_answer(), or upgrade(). send_error()
/// replaces all of that. Each returns Wait when the client does not take the bytes at once: the
/// loop sends them as it does, and resumes request().writer when all are sent (is_sending() is
/// false) or the client has left (broken()). Until then the caller keeps the memory and sends
/// nothing else. Or it gives the memory away by keep() and goes on, so that a slow client holds no
/// core.
///
/// Lives in: worker, loop side. Called from the hub's greenlet and from greenlets of requests.
class Exchange {
  public:
    enum class IoState : std::uint8_t { Done, Wait, Failed };

    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    [[nodiscard]] Request& request() const { return *request_; }

    /// Calls `action`. If memory runs out, ends this exchange with a reset; others are not
    /// affected. The loop makes all its calls through this.
    template <typename Action>
    void attempt(Action action) noexcept {
        bool failed = false;
        try {
            action();
        } catch (const std::bad_alloc&) {
            failed = true;  // handled below: what follows may switch greenlets, a catch must not
        }
        if (failed) {
            on_out_of_memory();
        }
    }

    /// Gives a request that the server's files do not answer to the application.
    virtual void pass_on() = 0;

    // Called by the admission and the time limits.

    /// Runs the request on a free core. May switch greenlets.
    virtual void run() = 0;

    /// The request waited too long for a core: answers 503.
    virtual void queue_timed_out() = 0;

    /// The request's time limit passed before it ran: answers 504; 408 if its body is incomplete.
    virtual void request_timed_out() = 0;

    /// Ends the answer with a reset; the request's greenlet cannot be ended and runs on.
    virtual void reset() noexcept = 0;

    // The request's body.

    /// Reads body bytes into a reader's memory. Wait: none have arrived, see await_readable(). Done
    /// with `got` 0: the body has ended. Failed: the body's rejection says why; without one the
    /// client has left.
    virtual IoState read_body(char* into, std::size_t room, std::size_t& got) = 0;

    /// Whether read_body() would not have to wait.
    [[nodiscard]] virtual bool is_readable() const noexcept = 0;

    /// Resumes request().reader, or tells request().upgraded, when bytes or EOF can be read.
    virtual void await_readable() = 0;

    /// The reading greenlet does not wait any more.
    virtual void stop_awaiting_readable() noexcept = 0;

    // The answer.

    /// Sends an interim answer, `bytes`, ahead of the real one. Only before the head is sent.
    virtual IoState send_interim(std::string_view bytes) noexcept = 0;

    /// Sends the head and the whole body. The caller leaves the first of `parts` free for the head.
    virtual IoState send_whole(std::span<iovec> parts) noexcept = 0;

    /// Sends the head of an answer whose body follows from a file. `length` is that of the body.
    virtual IoState send_head(std::uint64_t length) noexcept = 0;

    /// Sends a piece of the body, and the head first if it is not sent yet.
    virtual IoState send_piece(std::string_view bytes) noexcept = 0;

    /// Sends some of a file from `offset`, and advances that. Wait: see await_writable(). Done with
    /// nothing sent: the file has ended or cannot be read on, or the answer has no body.
    virtual IoState send_file(int file, off_t& offset) noexcept = 0;

    /// Sends what ends the answer, and the head first if it is not sent yet.
    virtual IoState end_answer() noexcept = 0;

    /// Sends an answer of the server's own. Only before the head is sent.
    virtual IoState send_error(int status, std::string_view reason) noexcept = 0;

    /// Switches from HTTP to `protocol`: sends a head with status 101; "" sends none. Afterwards
    /// read_body() gives what the client sends until EOF, send_bytes() sends, pieces of an answer
    /// are dropped, and the time limits of bodies do not apply. request().upgraded, if that is set,
    /// is told of the client from then on. Only before the head is sent and after the whole body
    /// was read. Failed also when the client, or a proxy in between, cannot do this.
    virtual IoState upgrade(std::string_view protocol) noexcept = 0;

    /// After upgrade(): sends bytes unchanged.
    virtual IoState send_bytes(std::string_view bytes) noexcept = 0;

    /// Bytes given to an earlier call are still to be sent.
    [[nodiscard]] virtual bool is_sending() const = 0;

    /// After Wait: gives what is still to be sent to the loop, so the caller need not wait. False:
    /// too much waits for slow clients already, or there is no descriptor; the caller then waits,
    /// or breaks the answer off if it is no greenlet that can wait.
    virtual bool keep(KeptRest rest) noexcept = 0;

    /// Resumes request().writer when the client takes more.
    virtual void await_writable() = 0;

    /// The writing greenlet was interrupted: drops what is left to send, so the answer is broken.
    virtual void abandon_write() noexcept = 0;

    /// Nothing more can be sent: the client has left.
    [[nodiscard]] virtual bool broken() const = 0;

    /// The client sends nothing more, as far as the kernel knows: what it sent before may still be
    /// to be read.
    [[nodiscard]] virtual bool client_has_left() const noexcept = 0;

    /// Ends the answer after what was sent so far, while the request runs on. Nothing more is sent.
    virtual void disconnect() noexcept = 0;

    /// Ends the request. What was kept is sent first, and the file that it has named instead of a
    /// body. `complete`: the application gave its whole answer; if not, or if that is shorter than
    /// its Content-Length, the client gets what there is, and then an end that it cannot take for a
    /// complete one.
    virtual void finish(bool complete) noexcept = 0;

    [[nodiscard]] virtual const Client& client() const = 0;

  protected:
    /// Memory has run out: ends the exchange, unless its request runs.
    virtual void on_out_of_memory() noexcept = 0;

    RequestRef request_;
};

/// What others are shown of the exchange's request.
shm::RequestTable::Facts facts_of(const Exchange& exchange);

}  // namespace geventd::worker
