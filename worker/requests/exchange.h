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
#include "worker/requests/request.h"

namespace geventd::worker {

/// One request's way in and out: the request itself, the rest of its body, and its answer. The
/// worker gives it a core and the application's side reads and writes by it; neither knows how the
/// bytes travel. A connection of HTTP/1 or uwsgi is an exchange, one after the other; a protocol
/// that carries several at once makes one for each.
///
/// How the answer is made: fill request().answer.head(), then either send_whole(), or send_head()
/// with send_file(), or send_piece() as often as there are pieces, and end_answer(); or upgrade().
/// send_error() takes the place of all that. Each says Wait when the client does not take the bytes
/// at once: they are sent as it does, and request().writer is resumed when the last has left
/// (is_sending() is false) or the client has (broken()). Until then the memory of what was given
/// must stay, and nothing else may be sent.
///
/// Lives in: worker, loop side. Calls come from the hub's greenlet and from those of requests.
class Exchange {
  public:
    enum class IoState : std::uint8_t { Done, Wait, Failed };

    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    [[nodiscard]] Request& request() const { return *request_; }

    /// Does something for this exchange, whose end it is when there is no memory for it: its client
    /// sees a reset, others see nothing. The loop calls all of it through here.
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

    // For who gives out the cores.

    /// A core is free: runs the request. May switch greenlets.
    virtual void run() = 0;

    /// It waited too long for a core: answers 503.
    virtual void overdue() = 0;

    /// The time of the request is over before that runs: answers 504, or 408 when the body is not
    /// there yet.
    virtual void out_of_time() = 0;

    /// Ends the answer by a reset while the request runs on, for good.
    virtual void give_up() noexcept = 0;

    // The request's body.

    /// Body bytes into a reader's memory. Wait: none there now, see await_readable(). Done with
    /// `got` 0: the body has ended. Failed: see the body's rejection, else the client is gone.
    virtual IoState read_body(char* into, std::size_t room, std::size_t& got) = 0;

    /// Resumes request().reader when bytes, or the end, can be read.
    virtual void await_readable() = 0;

    /// The reading greenlet is no longer waiting.
    virtual void stop_awaiting_readable() noexcept = 0;

    // The answer.

    /// Sends the head and all of the body. The first of `parts` is free, for the head.
    virtual IoState send_whole(std::span<iovec> parts) noexcept = 0;

    /// Sends the head of a body that follows from a file. `length`: of that body.
    virtual IoState send_head(std::uint64_t length) noexcept = 0;

    /// Sends a piece of a body that goes on, behind the head if that is not out yet.
    virtual IoState send_piece(std::string_view bytes) noexcept = 0;

    /// Sends some of a file from `offset`, which it moves. Wait: see await_writable(). Done with
    /// nothing sent: the file has ended, or no body is wanted.
    virtual IoState send_file(int file, off_t& offset) noexcept = 0;

    /// Sends what ends the answer, and the head if that is not out yet.
    virtual IoState end_answer() noexcept = 0;

    /// Sends an answer of the server's own; only before the head has left.
    virtual IoState send_error(int status, std::string_view reason) noexcept = 0;

    /// Ends HTTP on this exchange: sends the head, whose status is 101, and that `protocol` is
    /// spoken from here on. Then read_body() gives what the client sends, as it comes and until
    /// that ends, and send_piece() sends bytes as they are. No time limit of bodies holds for them.
    /// Only before the head has left and behind the whole body; Failed too where the client, or who
    /// stands between, cannot do this.
    virtual IoState upgrade(std::string_view protocol) noexcept = 0;

    /// Something is left to send of what was given.
    [[nodiscard]] virtual bool is_sending() const = 0;

    /// Resumes request().writer when the client takes more.
    virtual void await_writable() = 0;

    /// The writing greenlet was taken away from its wait: forgets what is left to send, so the
    /// answer can only be broken off.
    virtual void abandon_write() noexcept = 0;

    /// Nothing more can be sent: the client has left.
    [[nodiscard]] virtual bool broken() const = 0;

    /// Ends the answer for the client while the request runs on: the end follows what was sent so
    /// far, and nothing can be sent any more.
    virtual void disconnect() noexcept = 0;

    /// Ends the request. `complete`: its answer is as it should be; else the client must notice
    /// that it is not.
    virtual void finish(bool complete) noexcept = 0;

    [[nodiscard]] virtual const Client& client() const = 0;

  protected:
    /// There is no memory to go on.
    virtual void fall() noexcept = 0;

    RequestRef request_;
};

/// What others are shown of the exchange's request.
shm::RequestTable::Facts facts_of(const Exchange& exchange);

}  // namespace geventd::worker
