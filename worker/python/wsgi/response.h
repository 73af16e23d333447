// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "worker/python/hub_bridge.h"
#include "worker/python/wsgi/response_head.h"
#include "worker/request.h"

namespace geventd::py {

/// The answer to one request: takes status and headers, decides how the body is delimited, and
/// sends. What is sent leaves at once, head and first bytes together; a client that reads slowly
/// suspends the calling greenlet only.
/// Functions that return bool say false with a Python exception set. GIL held; those marked
/// await may switch.
/// Lives in: worker, Python side; inside the request's start_response object.
class Response {
  public:
    Response(HubBridge& bridge, worker::RequestRef request)
        : bridge_(bridge), request_(std::move(request)) {}

    /// Checks and keeps what start_response was given.
    bool set_head(PyObject* status, PyObject* headers) {
        return head_.set(*request_, status, headers);
    }

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

    [[nodiscard]] bool head_set() const { return head_.is_set(); }

    [[nodiscard]] bool head_sent() const { return head_sent_; }

    [[nodiscard]] int status() const { return head_.status(); }

    [[nodiscard]] worker::Request& request() const { return *request_; }

    /// How the connection may go on after an answer that was ended by await_end().
    [[nodiscard]] worker::Connection::End end() const;

    /// Bytes that were promised by Content-Length and not sent.
    [[nodiscard]] std::uint64_t missing() const {
        return framing_ == Framing::Length ? length_left_ : 0;
    }

  private:
    enum class Framing : std::uint8_t { Undecided, NoBody, Length, Chunked, UntilClose };

    void finish_head(std::int64_t known_length);
    void close_head();
    bool await_write(std::span<const iovec> parts);
    bool await_file(int file, off_t offset);
    void count_body(std::size_t bytes);
    bool check_open();
    std::string_view limit_to_length(std::string_view bytes);

    HubBridge& bridge_;
    worker::RequestRef request_;
    ResponseHead head_;
    std::array<char, 20> chunk_line_{};
    std::uint64_t length_left_ = 0;
    Framing framing_ = Framing::Undecided;
    bool head_sent_ = false;
    bool overlong_ = false;
};

}  // namespace geventd::py
