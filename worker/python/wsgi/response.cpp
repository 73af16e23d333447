// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/response.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <strings.h>

#include "http/response_head.h"
#include "log/logger.h"

namespace geventd::py {

namespace {

constexpr std::string_view kCrLf = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::int64_t kUnknown = -1;

// One sendfile call may hold the hub for about this much.
constexpr std::size_t kFilePiece = 1 << 20;

iovec part(std::string_view bytes) {
    // sendmsg only reads what an iovec points to.
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
}

}  // namespace

// Completes the head: how the body is delimited, Date and Connection. `known_length` is the
// length of a body that is at hand as a whole.
void Response::finish_head(std::int64_t known_length) {
    worker::Request& request = *request_;
    const http::RequestHead& asked = request.head;
    const int status = head_.status();
    const bool bodiless_status = status == 204 || status == 304 || status < 200;
    const bool bodiless = asked.method == "HEAD" || bodiless_status;
    std::string& text = head_.text();
    bool has_length = head_.has_length();
    length_left_ = head_.length();
    if (!has_length && known_length != kUnknown && !bodiless_status) {
        has_length = true;
        length_left_ = static_cast<std::uint64_t>(known_length);
        text.append("Content-Length: ").append(std::to_string(known_length)).append(kCrLf);
    }
    if (bodiless) {
        framing_ = Framing::NoBody;
    } else if (has_length) {
        framing_ = Framing::Length;
    } else if (asked.version_minor >= 1 && request.protocol == net::Protocol::Http) {
        framing_ = Framing::Chunked;
        text.append("Transfer-Encoding: chunked\r\n");
    } else {
        framing_ = Framing::UntilClose;
        request.keep_alive = false;
    }
    if (request.protocol == net::Protocol::Uwsgi) {
        close_head();
        return;
    }
    if (!head_.has_date()) {
        text.append("Date: ").append(http::date_text(bridge_.worker().epoch())).append(kCrLf);
    }
    if (request.connection->last_answer() || !request.body.complete()) {
        request.keep_alive = false;
    }
    if (!request.keep_alive) {
        text.append("Connection: close\r\n");
    } else if (asked.version_minor == 0) {
        text.append("Connection: keep-alive\r\n");
    }
    close_head();
}

void Response::close_head() {
    head_.text().append(kCrLf);
    head_sent_ = true;
    request_->status = head_.status();
    request_->answer_headers = head_.count();
    request_->answer_head = head_.text().size();
    request_->first_byte = bridge_.worker().loop().now();
}

void Response::count_body(std::size_t bytes) {
    request_->answer_body += bytes;
    length_left_ -= framing_ == Framing::Length ? bytes : 0;
}

bool Response::check_open() {
    if (request_->connection == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "the response has already ended");
        return false;
    }
    if (!head_set()) {
        PyErr_SetString(PyExc_RuntimeError, "start_response was not called before the body");
        return false;
    }
    return true;
}

std::string_view Response::limit_to_length(std::string_view bytes) {
    if (framing_ != Framing::Length || bytes.size() <= length_left_) {
        return bytes;
    }
    if (!overlong_) {
        overlong_ = true;
        log::warning("{} {}: the body is longer than its Content-Length; the rest is dropped",
                     request_->head.method, request_->head.path);
    }
    return bytes.substr(0, length_left_);
}

bool Response::await_send(std::string_view bytes) {
    if (!check_open()) {
        return false;
    }
    if (bytes.empty()) {
        return true;
    }
    request_->connection->follow_piece();
    std::array<iovec, 4> parts{};
    std::size_t count = 0;
    if (!head_sent_) {
        finish_head(kUnknown);
        parts[count++] = part(head_.text());
    }
    bytes = limit_to_length(bytes);
    if (framing_ == Framing::Chunked) {
        const auto line =
            std::to_chars(chunk_line_.data(), chunk_line_.data() + 16, bytes.size(), 16);
        *line.ptr = '\r';
        *(line.ptr + 1) = '\n';
        parts[count++] = {chunk_line_.data(),
                          static_cast<std::size_t>(line.ptr + 2 - chunk_line_.data())};
        parts[count++] = part(bytes);
        parts[count++] = part(kCrLf);
        count_body(bytes.size());
    } else if (framing_ != Framing::NoBody && !bytes.empty()) {
        parts[count++] = part(bytes);
        count_body(bytes.size());
    }
    return count == 0 || await_write(std::span(parts).first(count));
}

bool Response::await_send_all(std::span<PyObject* const> bytes_objects) {
    if (!check_open()) {
        return false;
    }
    std::size_t total = 0;
    for (PyObject* object : bytes_objects) {
        total += static_cast<std::size_t>(PyBytes_GET_SIZE(object));
    }
    finish_head(static_cast<std::int64_t>(total));
    std::array<iovec, 2> few{};
    std::vector<iovec> many;
    std::span<iovec> parts = few;
    if (bytes_objects.size() > 1) {
        many.resize(bytes_objects.size() + 1);
        parts = many;
    }
    std::size_t count = 0;
    parts[count++] = part(head_.text());
    for (PyObject* object : bytes_objects) {
        const std::string_view bytes = limit_to_length(
            {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))});
        if (!bytes.empty() && framing_ != Framing::NoBody) {
            parts[count++] = part(bytes);
            count_body(bytes.size());
        }
    }
    return await_write(parts.first(count));
}

bool Response::await_send_file(int file, off_t offset, std::uint64_t count) {
    if (!check_open()) {
        return false;
    }
    if (!head_sent_) {
        finish_head(static_cast<std::int64_t>(count));
        const iovec head = part(head_.text());
        if (!await_write({&head, 1})) {
            return false;
        }
    }
    // A file is only sent where its end needs no mark: behind a Content-Length, or up to the close.
    return framing_ == Framing::NoBody || await_file(file, offset);
}

bool Response::await_file(int file, off_t offset) {
    worker::Request& request = *request_;
    while (framing_ != Framing::Length || length_left_ > 0) {
        const off_t before = offset;
        const std::size_t most =
            framing_ == Framing::Length
                ? static_cast<std::size_t>(std::min<std::uint64_t>(length_left_, kFilePiece))
                : kFilePiece;
        switch (request.connection->send_file(file, offset, most)) {
            case worker::Connection::IoState::Done:
                if (offset == before) {
                    return true;
                }
                count_body(static_cast<std::size_t>(offset - before));
                break;
            case worker::Connection::IoState::Wait:
                request.connection->await_writable();
                if (!bridge_.await(request.writer)) {
                    if (request.connection != nullptr) {
                        request.connection->abandon_write();
                    }
                    return false;
                }
                if (request.connection != nullptr && !request.connection->broken()) {
                    break;
                }
                [[fallthrough]];
            case worker::Connection::IoState::Failed:
                PyErr_SetString(PyExc_BrokenPipeError, "the client has left");
                return false;
        }
    }
    return true;
}

bool Response::await_end() {
    if (!head_sent_) {
        if (!check_open()) {
            return false;
        }
        // A body that turned out empty; the answer to a HEAD request tells no length it does not
        // know.
        finish_head(request_->head.method == "HEAD" ? kUnknown : 0);
        const iovec head = part(head_.text());
        return await_write({&head, 1});
    }
    if (framing_ == Framing::Chunked) {
        const iovec last = part(kLastChunk);
        return await_write({&last, 1});
    }
    return true;
}

bool Response::await_disconnect() {
    if (request_->connection == nullptr || request_->connection->broken()) {
        return true;
    }
    const iovec last = part(kLastChunk);
    if (head_sent_ && framing_ == Framing::Chunked && !await_write({&last, 1})) {
        return false;
    }
    framing_ = Framing::NoBody;
    head_sent_ = true;
    request_->connection->disconnect();
    return true;
}

bool Response::await_send_error(int status, std::string_view reason) {
    worker::Request& request = *request_;
    if (!request.body.complete() || request.connection->last_answer()) {
        request.keep_alive = false;
    }
    std::string text =
        http::make_simple_response(status, reason, bridge_.worker().epoch(), request.keep_alive);
    if (request.head.method == "HEAD") {
        text.resize(text.find("\r\n\r\n") + 4);
    }
    head_.replace(status, std::move(text));
    request.status = status;
    framing_ = Framing::NoBody;
    head_sent_ = true;
    request.answer_head = head_.text().size();
    const iovec all = part(head_.text());
    return await_write({&all, 1});
}

bool Response::await_write(std::span<const iovec> parts) {
    worker::Request& request = *request_;
    if (request.connection == nullptr || request.connection->write_pending()) {
        PyErr_SetString(PyExc_RuntimeError,
                        request.connection == nullptr
                            ? "the response has already ended"
                            : "another greenlet is already writing to this response");
        return false;
    }
    auto state = request.connection->write(parts);
    while (state == worker::Connection::IoState::Wait) {
        if (!bridge_.await(request.writer)) {
            if (request.connection != nullptr) {
                request.connection->abandon_write();
            }
            return false;
        }
        if (request.connection == nullptr || request.connection->broken()) {
            state = worker::Connection::IoState::Failed;
        } else if (!request.connection->write_pending()) {
            state = worker::Connection::IoState::Done;
        }
    }
    if (state == worker::Connection::IoState::Failed) {
        PyErr_SetString(PyExc_BrokenPipeError, "the client has left");
        return false;
    }
    return true;
}

worker::Connection::End Response::end() const {
    if (framing_ == Framing::Length && length_left_ > 0) {
        return worker::Connection::End::Aborted;
    }
    return framing_ == Framing::UntilClose ? worker::Connection::End::Last
                                           : worker::Connection::End::Complete;
}

}  // namespace geventd::py
