// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/response.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "http/octets.h"
#include "http/whole_response.h"
#include "log/logger.h"
#include "worker/python/wsgi/head_objects.h"

namespace geventd::py {

namespace {

using Framing = http::ResponseWriter::Framing;
using Dialect = http::ResponseWriter::Dialect;

// One sendfile call may hold the hub for about this much.
constexpr std::size_t kFilePiece = 1 << 20;

Dialect dialect_of(const worker::Request& request) {
    if (request.protocol == net::Protocol::Uwsgi) {
        return Dialect::Gateway;
    }
    return request.head.version_minor == 0 ? Dialect::Http10 : Dialect::Http11;
}

// A uwsgi peer gets the protocol back that it named (uWSGI's habit, which web servers rely on).
std::string_view protocol_of(const worker::Request& request) {
    if (request.protocol == net::Protocol::Http) {
        return "HTTP/1.1";
    }
    const std::string_view named = request.vars.protocol;
    const bool is_sane = named.substr(0, 5) == "HTTP/" && named.size() <= 8 &&
                         std::none_of(named.begin(), named.end(), [](char byte) {
                             return byte == ' ' || http::is(http::kControl, byte);
                         });
    return is_sane ? named : "HTTP/1.0";
}

}  // namespace

bool Response::set_head(PyObject* status, PyObject* headers) {
    return fill_head(writer_.head(), protocol_of(*request_), status, headers);
}

void Response::complete_head(std::optional<std::uint64_t> length) {
    worker::Request& request = *request_;
    const bool keep_alive =
        request.keep_alive && !request.connection->last_answer() && request.body.complete();
    request.keep_alive = writer_.complete({.dialect = dialect_of(request),
                                           .head_request = request.head.method == "HEAD",
                                           .keep_alive = keep_alive,
                                           .epoch = bridge_.worker().epoch()},
                                          length);
    request.status = writer_.head().status();
    request.answer_headers = writer_.head().count();
    request.answer_head = writer_.head().text().size();
    request.first_byte = bridge_.worker().loop().now();
}

std::size_t Response::add_piece(std::string_view bytes, std::span<iovec> parts) {
    if (bytes.size() > writer_.room() && !overlong_) {
        overlong_ = true;
        log::warning("{} {}: the body is longer than its Content-Length; the rest is dropped",
                     request_->head.method, request_->head.path);
    }
    const std::size_t count = writer_.add_piece(bytes, parts);
    request_->answer_body = writer_.body_bytes();
    return count;
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

bool Response::await_send(std::string_view bytes) {
    if (!check_open()) {
        return false;
    }
    if (bytes.empty()) {
        return true;
    }
    request_->connection->follow_piece();
    std::array<iovec, 1 + http::ResponseWriter::kMostParts> parts{};
    std::size_t count = 0;
    if (!head_sent()) {
        complete_head(std::nullopt);
        parts[count++] = writer_.head_part();
    }
    count += add_piece(bytes, std::span(parts).subspan(count));
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
    complete_head(total);
    std::array<iovec, 2> few{};
    std::vector<iovec> many;
    std::span<iovec> parts = few;
    if (bytes_objects.size() > 1) {
        many.resize(bytes_objects.size() + 1);
        parts = many;
    }
    std::size_t count = 0;
    parts[count++] = writer_.head_part();
    for (PyObject* object : bytes_objects) {  // a part each: a length is told, so no chunks
        count += add_piece(
            {PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))},
            parts.subspan(count));
    }
    return await_write(parts.first(count));
}

bool Response::await_send_file(int file, off_t offset, std::uint64_t count) {
    if (!check_open()) {
        return false;
    }
    if (!head_sent()) {
        complete_head(count);
        const iovec head = writer_.head_part();
        if (!await_write({&head, 1})) {
            return false;
        }
    }
    // A file is only sent where its end needs no mark: behind a Content-Length, or up to the close.
    return writer_.framing() == Framing::NoBody || await_file(file, offset);
}

bool Response::await_file(int file, off_t offset) {
    worker::Request& request = *request_;
    while (writer_.room() > 0) {
        const off_t before = offset;
        const auto most =
            static_cast<std::size_t>(std::min<std::uint64_t>(writer_.room(), kFilePiece));
        switch (request.connection->send_file(file, offset, most)) {
            case worker::Connection::IoState::Done:
                if (offset == before) {
                    return true;
                }
                writer_.count(static_cast<std::uint64_t>(offset - before));
                request.answer_body = writer_.body_bytes();
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
    if (head_sent()) {
        return await_write_last_part();
    }
    if (!check_open()) {
        return false;
    }
    // A body that turned out empty; the answer to a HEAD request tells no length that it does not
    // know.
    complete_head(request_->head.method == "HEAD" ? std::nullopt : std::optional<std::uint64_t>(0));
    const iovec head = writer_.head_part();
    return await_write({&head, 1});
}

bool Response::await_write_last_part() {
    const std::string_view last = writer_.last_part();
    // sendmsg only reads what an iovec points to.
    const iovec part{const_cast<char*>(last.data()), last.size()};  // NOLINT
    return last.empty() || await_write({&part, 1});
}

bool Response::await_disconnect() {
    if (request_->connection == nullptr || request_->connection->broken()) {
        return true;
    }
    if (!await_write_last_part()) {
        return false;
    }
    writer_.cut_off();
    request_->connection->disconnect();
    return true;
}

bool Response::await_send_error(int status, std::string_view reason) {
    worker::Request& request = *request_;
    if (!request.body.complete() || request.connection->last_answer()) {
        request.keep_alive = false;
    }
    http::WholeResponse answer = http::WholeResponse::line(status, reason);
    answer.keep_alive = request.keep_alive;
    answer.head_only = request.head.method == "HEAD";
    writer_.replace(status, answer.bytes(bridge_.worker().epoch()));
    request.status = status;
    request.answer_head = writer_.head().text().size();
    const iovec all = writer_.head_part();
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
    if (missing() > 0) {
        return worker::Connection::End::Aborted;
    }
    return writer_.framing() == Framing::UntilClose ? worker::Connection::End::Last
                                                    : worker::Connection::End::Complete;
}

}  // namespace geventd::py
