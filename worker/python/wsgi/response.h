// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "worker/python/hub/hub_bridge.h"
#include "worker/requests/exchange.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// The answer to one request: passes the application's Python objects to the request's exchange.
/// Sends everything at once, the head together with the first bytes. What a slow client does not
/// take is left to the loop; a piece that follows waits for it, and suspends only its greenlet.
/// Functions that return bool return false with a Python exception set. GIL held; functions called
/// await_... may switch.
/// Lives in: worker, Python side; inside the request's start_response object.
class Response {
  public:
    Response(HubBridge& bridge, worker::RequestRef request)
        : bridge_(bridge), request_(std::move(request)) {}

    /// Checks and keeps the arguments of start_response.
    bool set_head(PyObject* status, PyObject* headers);

    /// Sends `headers` ahead of the answer, with status 103. Nothing is sent to clients that cannot
    /// take that, nor once the answer has begun.
    bool await_early_hints(PyObject* headers);

    /// Sends a piece of the body, a bytes object. An empty piece sends nothing. A client that takes
    /// it slowly gets it while the application makes the next one.
    bool await_send(PyObject* bytes);

    /// Sends a whole body, with its Content-Length, and ends the answer. `owner` keeps the objects
    /// alive.
    bool await_send_all(PyObject* owner, std::span<PyObject* const> bytes_objects);

    /// Sends the rest of a regular file from `offset`, up to `count` bytes, and ends the answer.
    bool await_send_file(int file, off_t offset, std::uint64_t count);

    /// Ends the answer; sends the head if nothing was sent so far.
    bool await_end();

    /// Ends the answer and the connection at once while the application goes on; what it sends
    /// afterwards is dropped.
    bool await_disconnect();

    /// Sends an answer of the server's own instead. Only before head_sent().
    bool await_send_error(int status, std::string_view reason);

    /// What frameworks answer after an upgrade goes nowhere, but its status, a str, tells whether
    /// the view has failed.
    void note_unsent_status(PyObject* status) noexcept;

    /// note_unsent_status() was told of a failure.
    [[nodiscard]] bool has_failed() const { return has_failed_; }

    /// Answers with Request::no_upgrade. Only before head_sent().
    bool await_refusal();

    [[nodiscard]] bool head_set() const { return request_->answer.head().is_set(); }

    [[nodiscard]] bool head_sent() const { return request_->answer.completed(); }

    /// It is the server's, to a client whose upgrade was refused.
    [[nodiscard]] bool is_refusal() const { return request_->was_refused_upgrade; }

    /// The request has ended: nothing of its answer can be changed.
    [[nodiscard]] bool has_ended() const { return request_->exchange == nullptr; }

    [[nodiscard]] worker::Request& request() const { return *request_; }

  private:
    // Each piece asks these: they are inline, and what refuses it is not.
    [[nodiscard]] bool is_open() const {
        return (request_->exchange != nullptr && !ended_) ||
               refuse("the response has already ended");
    }

    [[nodiscard]] bool has_head() const {
        return head_set() || refuse("start_response was not called before the body");
    }

    // Bytes that are still on their way without a greenlet that waits for them are a former piece,
    // which the exchange keeps: another may follow it.
    [[nodiscard]] bool may_send() const {
        return is_open() && (!request_->writer ||
                             refuse("another greenlet is already writing to this response"));
    }

    // Then the exchange sends it at the end, and what the application gives as a body is dropped.
    [[nodiscard]] bool has_named_file() const { return !request_->named_file.empty(); }

    [[nodiscard]] bool may_send_body() const { return is_open() && has_head() && may_send(); }

    static bool refuse(const char* why);

    bool await_former();

    bool await_kept(worker::Exchange::IoState state, PyObject* owner, std::size_t size) {
        return state == worker::Exchange::IoState::Done || await_or_keep(state, owner, size);
    }

    bool await_or_keep(worker::Exchange::IoState state, PyObject* owner, std::size_t size);

    bool await_sent(worker::Exchange::IoState state) {
        return state == worker::Exchange::IoState::Done || await_rest(state);
    }

    bool await_rest(worker::Exchange::IoState state);
    bool await_room();
    bool await_file(int file, off_t offset);

    HubBridge& bridge_;
    worker::RequestRef request_;
    bool ended_ = false;  ///< its last bytes are on their way
    bool has_failed_ = false;
};

}  // namespace geventd::py
