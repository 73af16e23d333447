// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/response.h"

#include <algorithm>
#include <array>
#include <vector>

#include "worker/python/wsgi/head_objects.h"

namespace geventd::py {

namespace {

using worker::Exchange;
using IoState = Exchange::IoState;

// The cast is safe: senders only read what an iovec points to.
iovec part_of(PyObject* bytes) {
    return {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

bool client_has_left() {
    PyErr_SetString(PyExc_BrokenPipeError, "the client has left");
    return false;
}

}  // namespace

bool Response::set_head(PyObject* status, PyObject* headers) {
    return fill_head(request_->answer.head(), request_->form.version, status, headers);
}

bool Response::refuse(const char* why) {
    PyErr_SetString(PyExc_RuntimeError, why);
    return false;
}

bool Response::await_send(std::string_view bytes) {
    if (bytes.empty()) {
        return is_open() && has_head();
    }
    return may_send_body() && await_sent(request_->exchange->send_piece(bytes));
}

bool Response::await_send_all(std::span<PyObject* const> bytes_objects) {
    if (!may_send_body()) {
        return false;
    }
    std::array<iovec, 2> few{};
    std::vector<iovec> many;
    std::span<iovec> parts = std::span(few).first(std::min(few.size(), 1 + bytes_objects.size()));
    if (bytes_objects.size() > 1) {
        many.resize(1 + bytes_objects.size());
        parts = many;
    }
    std::size_t count = 1;  // the first is left for the head
    for (PyObject* object : bytes_objects) {
        parts[count++] = part_of(object);
    }
    return await_sent(request_->exchange->send_whole(parts));
}

bool Response::await_send_file(int file, off_t offset, std::uint64_t count) {
    return may_send_body() && (head_sent() || await_sent(request_->exchange->send_head(count))) &&
           await_file(file, offset);
}

bool Response::await_file(int file, off_t offset) {
    worker::Request& request = *request_;
    while (request.answer.room() > 0) {
        const off_t before = offset;
        switch (request.exchange->send_file(file, offset)) {
            case IoState::Done:
                if (offset == before) {
                    return true;
                }
                break;
            case IoState::Wait:
                request.exchange->await_writable();
                if (!await_room()) {
                    return false;
                }
                if (request.exchange != nullptr && !request.exchange->broken()) {
                    break;
                }
                [[fallthrough]];
            case IoState::Failed:
                return client_has_left();
        }
    }
    return true;
}

bool Response::await_end() {
    if (head_sent() && request_->answer.last_part().iov_len == 0) {
        return true;  // even while another greenlet writes
    }
    return (head_sent() ? may_send() : may_send_body()) &&
           await_sent(request_->exchange->end_answer());
}

bool Response::await_disconnect() {
    if (request_->exchange == nullptr || request_->exchange->broken()) {
        return true;
    }
    if (head_sent() && !await_end()) {
        return false;
    }
    request_->exchange->disconnect();
    return true;
}

bool Response::await_send_error(int status, std::string_view reason) {
    return may_send() && await_sent(request_->exchange->send_error(status, reason));
}

// Waits until the loop resumes this greenlet.
bool Response::await_room() {
    if (bridge_.await(request_->writer)) {
        return true;
    }
    if (request_->exchange != nullptr) {
        request_->exchange->abandon_write();
    }
    return false;
}

bool Response::await_rest(IoState state) {
    while (state == IoState::Wait) {
        if (!await_room()) {
            return false;
        }
        const Exchange* const exchange = request_->exchange;
        if (exchange == nullptr || exchange->broken()) {
            state = IoState::Failed;
        } else if (!exchange->is_sending()) {
            state = IoState::Done;
        }
    }
    return state == IoState::Done || client_has_left();
}

}  // namespace geventd::py
