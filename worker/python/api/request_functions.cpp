// SPDX-License-Identifier: MIT
#include <new>
#include <string_view>

#include "worker/process/forked.h"
#include "worker/python/api/native_module.h"
#include "worker/serve/worker.h"

namespace geventd::py {

namespace {

constexpr Py_ssize_t kMostRead = 32 << 10;  // bytes of a body in one call

PyObject* request_id(PyObject* module, PyObject*) noexcept {
    const Response* response = current_response(module, "request_id");
    return response == nullptr ? nullptr : PyLong_FromUnsignedLongLong(response->request().ordinal);
}

PyObject* content_length(PyObject* module, PyObject*) noexcept {
    const Response* response = current_response(module, "cl");
    return response == nullptr
               ? nullptr
               : PyLong_FromUnsignedLongLong(response->request().head.content_length);
}

// The WebSocket that the request has become, or may become; null: none, or with an exception.
worker::Channel* channel_of(PyObject* module, worker::Request& request) {
    if (!request.head.upgrade) {
        return nullptr;
    }
    try {
        return native_state_of(module).bridge->worker().websockets().channel_of(request);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return nullptr;
    }
}

// Of a WebSocket a descriptor for its messages: they are received before the application asks.
PyObject* connection_fd(PyObject* module, PyObject*) noexcept {
    const Response* response = current_response(module, "connection_fd");
    if (response == nullptr) {
        return nullptr;
    }
    worker::Channel* const channel = channel_of(module, response->request());
    if (channel == nullptr) {
        return PyErr_Occurred() != nullptr
                   ? nullptr
                   : PyLong_FromLong(response->request().exchange->client().fd);
    }
    const int fd = channel->ready_fd();
    return fd < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(fd);
}

PyObject* set_logvar(PyObject* module, PyObject* args) noexcept {
    const char* name = nullptr;
    const char* value = nullptr;
    Py_ssize_t name_size = 0;
    Py_ssize_t value_size = 0;
    if (!PyArg_ParseTuple(args, "s#s#:set_logvar", &name, &name_size, &value, &value_size)) {
        return nullptr;
    }
    const Response* response = current_response(module, "set_logvar");
    if (response == nullptr) {
        return nullptr;
    }
    response->request().set_log_var({name, static_cast<std::size_t>(name_size)},
                                    {value, static_cast<std::size_t>(value_size)});
    Py_RETURN_NONE;
}

PyObject* get_logvar(PyObject* module, PyObject* args) noexcept {
    const char* name = nullptr;
    Py_ssize_t size = 0;
    if (!PyArg_ParseTuple(args, "s#:get_logvar", &name, &size)) {
        return nullptr;
    }
    const Response* response = current_response(module, "get_logvar");
    if (response == nullptr) {
        return nullptr;
    }
    const std::string* value = response->request().log_var({name, static_cast<std::size_t>(size)});
    if (value == nullptr) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(value->data(), static_cast<Py_ssize_t>(value->size()));
}

PyObject* log_this_request(PyObject* module, PyObject*) noexcept {
    const Response* response = current_response(module, "log_this_request");
    if (response == nullptr) {
        return nullptr;
    }
    native_state_of(module).bridge->worker().accounts().want_log(response->request());
    Py_RETURN_NONE;
}

// What has arrived of the body; waits if that is nothing and `wait` is true, else returns None.
PyObject* read_body(PyObject* module, PyObject* wait) noexcept {
    const Response* response = current_response(module, "chunked_read");
    if (response == nullptr) {
        return nullptr;
    }
    worker::Request& request = response->request();
    if (request.upgraded && request.upgraded->has_begun()) {
        PyErr_SetString(PyExc_OSError, "the request has become a WebSocket: it has no body");
        return nullptr;
    }
    const InputType& input = native_state_of(module).runner->types().input;
    PyObject* bytes = PyBytes_FromStringAndSize(nullptr, kMostRead);
    if (bytes == nullptr) {
        return nullptr;
    }
    Py_ssize_t got = input.read_some(request, PyBytes_AS_STRING(bytes), kMostRead);
    if (got == InputType::kNothingYet && wait == Py_True) {
        got = input.await_some(request, PyBytes_AS_STRING(bytes), kMostRead);
    }
    if (got >= 0) {
        _PyBytes_Resize(&bytes, got);
        return bytes;
    }
    Py_DECREF(bytes);
    if (got == -1) {
        return nullptr;
    }
    if (!request.reader) {  // the client may be waiting for 100 Continue
        request.exchange->await_readable();
        request.exchange->stop_awaiting_readable();
    }
    Py_RETURN_NONE;
}

bool runs_request(PyObject* module) {
    const NativeState& state = native_state_of(module);
    const worker::Greenlet* const greenlet =
        state.bridge != nullptr ? state.bridge->running_greenlet() : nullptr;
    return greenlet != nullptr && state.runner->find(greenlet) != nullptr;
}

// The greenlet of a request ends its own; another one that has spoken for a WebSocket ends that.
PyObject* disconnect(PyObject* module, PyObject*) noexcept {
    worker::Channel* channel = runs_request(module) ? nullptr : channel_of_greenlet(module);
    if (channel == nullptr) {
        Response* response = current_response(module, "disconnect");
        if (response == nullptr) {
            return nullptr;
        }
        worker::Request& request = response->request();
        if (!request.upgraded || !request.upgraded->has_begun()) {
            if (!response->await_disconnect()) {
                return nullptr;
            }
            Py_RETURN_NONE;
        }
        channel = static_cast<worker::Socket&>(*request.upgraded).as_channel();
    }
    if (channel != nullptr) {
        channel->close(websocket::kNormal, "");
    }
    Py_RETURN_NONE;
}

}  // namespace

Response* current_response(PyObject* module, const char* function) {
    if (worker::is_forked_child()) {
        PyErr_Format(PyExc_RuntimeError,
                     "uwsgi.%s() cannot be used in a process that the application forked",
                     function);
        return nullptr;
    }
    const NativeState& state = native_state_of(module);
    const worker::Greenlet* greenlet =
        state.bridge != nullptr ? state.bridge->running_greenlet() : nullptr;
    Response* response = greenlet != nullptr ? state.runner->find(greenlet) : nullptr;
    if (response == nullptr || response->request().exchange == nullptr) {
        PyErr_Format(PyExc_SystemError,
                     "uwsgi.%s() works only in the greenlet that runs a request: hand what it "
                     "returns to other greenlets and threads",
                     function);
        return nullptr;
    }
    return response;
}

PyMethodDef request_functions[] = {
    {"request_id", request_id, METH_NOARGS,
     "request_id() -> int: how many requests this worker had started before this one."},
    {"cl", content_length, METH_NOARGS, "cl() -> int: the request's Content-Length in bytes."},
    {"connection_fd", connection_fd, METH_NOARGS,
     "connection_fd() -> int: the descriptor of the client's connection; of a WebSocket one that "
     "is "
     "readable while a message or the end is there."},
    {"set_logvar", set_logvar, METH_VARARGS,
     "set_logvar(name, value): sets ${logvar.NAME} of the access log for this request."},
    {"get_logvar", get_logvar, METH_VARARGS,
     "get_logvar(name) -> bytes, or None when it was not set."},
    {"log_this_request", log_this_request, METH_NOARGS,
     "log_this_request(): gives this request a line in the access log, even when that is off."},
    {"read_body", read_body, METH_O,
     "read_body(wait: bool) -> bytes, b'' at the end of the body, or None when nothing is there."},
    {"disconnect", disconnect, METH_NOARGS,
     "disconnect(): ends the answer and the connection; the application goes on."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
