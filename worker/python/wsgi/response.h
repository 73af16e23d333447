// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "worker/python/hub/hub_bridge.h"
#include "worker/requests/exchange.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// The answer to one request, from the Python objects that the application makes to the request's
/// exchange. What is there leaves at once, head and first bytes together; a client that reads
/// slowly suspends the calling greenlet only.
/// Functions that return bool say false with a Python exception set. GIL held; those marked
/// await may switch.
/// Lives in: worker, Python side; inside the request's start_response object.
class Response {
  public:
    Response(HubBridge& bridge, worker::RequestRef request)
        : bridge_(bridge), request_(std::move(request)) {}

    /// Checks and keeps what start_response was given.
    bool set_head(PyObject* status, PyObject* headers);

    /// Sends some of a body that goes on. Empty parts send nothing. await.
    bool await_send(std::string_view bytes);

    /// Sends a whole body, so that its length can be told, and ends the answer. await.
    bool await_send_all(std::span<PyObject* const> bytes_objects);

    /// Sends the rest of a regular file from `offset`, up to `count` bytes, and ends the answer.
    /// await.
    bool await_send_file(int file, off_t offset, std::uint64_t count);

    /// Ends the answer; sends the head if nothing was sent so far. await.
    bool await_end();

    /// Ends the answer and the connection at once, for an application that goes on; what it still
    /// sends is dropped. await.
    bool await_disconnect();

    /// Sends an answer of the server's own instead; only before head_sent().
    bool await_send_error(int status, std::string_view reason);

    [[nodiscard]] bool head_set() const { return request_->answer.head().is_set(); }

    [[nodiscard]] bool head_sent() const { return request_->answer.completed(); }

    [[nodiscard]] worker::Request& request() const { return *request_; }

  private:
    bool may_send();
    bool may_send_body();
    bool await_sent(worker::Exchange::IoState state);
    bool await_room();
    bool await_file(int file, off_t offset);

    HubBridge& bridge_;
    worker::RequestRef request_;
};

}  // namespace geventd::py
