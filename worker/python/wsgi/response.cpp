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

worker::KeptRest kept(PyObject* owner, std::size_t size) {
    constexpr auto kRelease = [](void* object) { Py_XDECREF(static_cast<PyObject*>(object)); };
    Py_XINCREF(owner);
    return {.owner = {owner, kRelease}, .size = size};
}

bool client_has_left() {
    PyErr_SetString(PyExc_BrokenPipeError, "the client has left");
    return false;
}

}  // namespace

bool Response::set_head(PyObject* status, PyObject* headers) {
    if (!fill_head(*request_, bridge_.worker().accounts(), status, headers)) {
        return false;
    }
    const worker::FileServer& files = bridge_.worker().files();
    if (files.takes_names()) {
        files.named().take_name(*request_);
    }
    return true;
}

void Response::note_unsent_status(PyObject* status) noexcept {
    has_failed_ = PyUnicode_Check(status) && PyUnicode_GetLength(status) > 0 &&
                  PyUnicode_ReadChar(status, 0) == '5';
}

bool Response::await_refusal() {
    request_->was_refused_upgrade = true;
    return await_send_error(request_->no_upgrade.status, request_->no_upgrade.reason);
}

bool Response::await_early_hints(PyObject* headers) {
    http::ResponseHead head;
    if (!fill_early_hints(head, *request_, bridge_.worker().accounts(), headers)) {
        return false;
    }
    if (!is_open()) {
        return false;
    }
    if (head_sent() || request_->form.dialect != http::ResponseWriter::Dialect::Http11) {
        return true;
    }
    head.text().append("\r\n");
    return may_send() && await_sent(request_->exchange->send_interim(head.text()));
}

bool Response::refuse(const char* why) {
    PyErr_SetString(PyExc_RuntimeError, why);
    return false;
}

bool Response::await_send(PyObject* bytes) {
    const iovec part = part_of(bytes);
    if (part.iov_len == 0 || has_named_file()) {
        return is_open() && has_head();
    }
    if (!may_send_body() || !await_former()) {
        return false;
    }
    const std::string_view piece(static_cast<const char*>(part.iov_base), part.iov_len);
    return await_kept(request_->exchange->send_piece(piece), bytes, piece.size());
}

bool Response::await_send_all(PyObject* owner, std::span<PyObject* const> bytes_objects) {
    if (!may_send_body()) {
        return false;
    }
    if (has_named_file()) {
        return true;
    }
    std::array<iovec, 2> few{};
    std::vector<iovec> many;
    std::span<iovec> parts = std::span(few).first(std::min(few.size(), 1 + bytes_objects.size()));
    if (bytes_objects.size() > 1) {
        many.resize(1 + bytes_objects.size());
        parts = many;
    }
    std::size_t count = 1;  // the first is left for the head
    std::size_t size = 0;
    for (PyObject* object : bytes_objects) {
        parts[count] = part_of(object);
        size += parts[count++].iov_len;
    }
    return await_kept(request_->exchange->send_whole(parts), owner, size);
}

bool Response::await_send_file(int file, off_t offset, std::uint64_t count) {
    if (has_named_file()) {
        return may_send_body();
    }
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
                if (request.exchange->keep({.file = file, .offset = offset})) {
                    return true;
                }
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

// The bytes that end an answer outlive it.
bool Response::await_end() {
    if (has_named_file()) {
        return may_send_body();
    }
    if (head_sent() && request_->answer.last_part().iov_len == 0) {
        return true;  // even while another greenlet writes
    }
    if (!(head_sent() ? may_send() : may_send_body())) {
        return false;
    }
    ended_ = true;
    return await_kept(request_->exchange->end_answer(), nullptr, 0);
}

bool Response::await_disconnect() {
    if (request_->exchange == nullptr || request_->exchange->broken()) {
        return true;
    }
    if (head_sent() && !(await_end() && await_former())) {
        return false;
    }
    request_->exchange->disconnect();
    ended_ = false;  // what the application sends is dropped, not refused
    return true;
}

bool Response::await_send_error(int status, std::string_view reason) {
    request_->named_file.clear();
    return may_send() && await_kept(request_->exchange->send_error(status, reason), nullptr, 0);
}

// Waits until a former piece has left.
bool Response::await_former() {
    return !request_->exchange->is_sending() || await_sent(IoState::Wait);
}

// Leaves what the client does not take at once to the loop, which keeps `owner` until it is sent.
bool Response::await_or_keep(IoState state, PyObject* owner, std::size_t size) {
    if (state == IoState::Wait && request_->exchange->keep(kept(owner, size))) {
        return true;
    }
    return await_sent(state);
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
