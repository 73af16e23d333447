// SPDX-License-Identifier: MIT
#include "worker/python/websocket/raw_socket_type.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "log/logger.h"
#include "worker/process/forked.h"
#include "worker/python/base/error.h"
#include "worker/python/websocket/sender_place.h"
#include "worker/serve/worker.h"

namespace geventd::py {

namespace {

using worker::RawSocket;

constexpr Py_ssize_t kMostReceived = 1 << 20;

struct Object {
    PyObject_HEAD const RawSocketType* type;
    worker::RequestRef request;
    bool is_of_hub;  ///< the hub's thread was the first that used it, and no other has since
};

Object* as_object(PyObject* self) {
    return reinterpret_cast<Object*>(self);
}

RawSocket* socket_of(PyObject* self) {
    Object& object = *as_object(self);
    worker::Request& request = *object.request;
    const bool is_first = !request.left_core;
    RawSocket* const socket = object.type->take(request);
    if (is_first) {
        object.is_of_hub = object.type->is_in_hub();
    } else if (socket != nullptr && object.is_of_hub && !object.type->is_in_hub()) {
        object.is_of_hub = false;  // one look is enough
        object.type->look_for_threads(request);
    }
    return socket;
}

// How many bytes were received; -1 with an exception.
Py_ssize_t await_received(PyObject* self, char* into, Py_ssize_t room) {
    RawSocket* const socket = socket_of(self);
    if (socket == nullptr) {
        return -1;
    }
    for (;;) {
        std::size_t got = 0;
        if (socket->receive(into, static_cast<std::size_t>(room), got) ==
            RawSocket::Outcome::Done) {
            return static_cast<Py_ssize_t>(got);
        }
        if (!as_object(self)->type->await_readable(*socket)) {
            return -1;
        }
    }
}

PyObject* recv(PyObject* self, PyObject* args) noexcept {
    Py_ssize_t size = 0;
    int flags = 0;
    if (!PyArg_ParseTuple(args, "n|i:recv", &size, &flags)) {
        return nullptr;
    }
    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "negative size in recv");
        return nullptr;
    }
    size = std::min(size, kMostReceived);
    PyObject* bytes = PyBytes_FromStringAndSize(nullptr, size);
    if (bytes == nullptr || size == 0) {
        return bytes;
    }
    const Py_ssize_t got = await_received(self, PyBytes_AS_STRING(bytes), size);
    if (got < 0) {
        Py_DECREF(bytes);
        return nullptr;
    }
    _PyBytes_Resize(&bytes, got);
    return bytes;
}

bool await_sent(PyObject* self, std::string_view bytes) {
    RawSocket* const socket = socket_of(self);
    while (socket != nullptr) {
        RawSocket::Outcome outcome = RawSocket::Outcome::Closed;
        try {
            outcome = socket->send(bytes);
        } catch (const std::bad_alloc&) {
            PyErr_NoMemory();
            return false;
        }
        if (outcome == RawSocket::Outcome::Done) {
            return true;
        }
        if (outcome == RawSocket::Outcome::Closed) {
            PyErr_SetString(PyExc_BrokenPipeError, "the WebSocket is closed");
            return false;
        }
        if (!as_object(self)->type->await_room(*socket)) {
            return false;
        }
    }
    return false;
}

// All of the bytes, always: libraries do not look at how many were sent.
PyObject* send(PyObject* self, PyObject* args) noexcept {
    Py_buffer buffer{};
    int flags = 0;
    if (!PyArg_ParseTuple(args, "y*|i:send", &buffer, &flags)) {
        return nullptr;
    }
    const Py_ssize_t size = buffer.len;
    const bool sent =
        await_sent(self, {static_cast<const char*>(buffer.buf), static_cast<std::size_t>(size)});
    PyBuffer_Release(&buffer);
    return sent ? PyLong_FromSsize_t(size) : nullptr;
}

PyObject* sendall(PyObject* self, PyObject* args) noexcept {
    const Ref sent = Ref::steal(send(self, args));
    if (!sent) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* fileno(PyObject* self, PyObject*) noexcept {
    RawSocket* const socket = socket_of(self);
    if (socket == nullptr) {
        return nullptr;
    }
    const int fd = socket->ready_fd();
    return fd < 0 ? PyErr_SetFromErrno(PyExc_OSError) : PyLong_FromLong(fd);
}

PyObject* close(PyObject* self, PyObject*) noexcept {
    worker::Request& request = *as_object(self)->request;
    if (request.upgraded && request.upgraded->has_begun()) {
        if (RawSocket* const socket = static_cast<worker::Socket&>(*request.upgraded).as_raw()) {
            socket->close();
        }
    }
    Py_RETURN_NONE;
}

PyObject* nothing(PyObject*, PyObject*) noexcept {
    Py_RETURN_NONE;
}

// Whether gevent has patched the module; also if that cannot be known.
bool is_patched(const char* module) {
    const Ref monkey = Ref::borrow(PyDict_GetItemString(PyImport_GetModuleDict(), "gevent.monkey"));
    if (!monkey) {
        return false;
    }
    const Ref patched =
        Ref::steal(PyObject_CallMethod(monkey.get(), "is_module_patched", "s", module));
    PyErr_Clear();
    return patched.get() != Py_False;
}

void dealloc(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    as_object(self)->request.~RequestRef();
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"recv", recv, METH_VARARGS, "recv(size) -> bytes: waits for some; b'' at the end."},
    {"send", send, METH_VARARGS, "send(bytes) -> int: sends all of them, or raises."},
    {"sendall", sendall, METH_VARARGS, "sendall(bytes)"},
    {"fileno", fileno, METH_NOARGS,
     "fileno() -> int: a descriptor that is readable while bytes or the end are there. It is not "
     "that of the connection."},
    {"close", close, METH_NOARGS, "close(): nothing more is sent."},
    {"shutdown", nothing, METH_VARARGS, "Does nothing: the server ends the connection."},
    {"settimeout", nothing, METH_VARARGS, "Does nothing: use gevent.Timeout."},
    {"gettimeout", nothing, METH_NOARGS, "None: recv() and send() wait."},
    {"setblocking", nothing, METH_VARARGS, "Does nothing."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_methods, methods},
    {0, nullptr},
};

PyType_Spec spec{"geventd.RawSocket", sizeof(Object), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

RawSocketType::RawSocketType(HubBridge& bridge, RequestRunner& runner)
    : bridge_(bridge), runner_(runner), type_(made_type(spec)) {}

Ref RawSocketType::make(worker::Request& request) const {
    auto* const type = reinterpret_cast<PyTypeObject*>(type_.get());
    PyObject* object = type->tp_alloc(type, 0);
    if (object != nullptr) {
        as_object(object)->type = this;
        new (&as_object(object)->request) worker::RequestRef(request);
    }
    return Ref::steal(object);
}

RawSocket* RawSocketType::take(worker::Request& request) const {
    if (worker::is_forked_child()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "a WebSocket cannot be used in a process that the application forked: its "
                        "connection is the worker's");
        return nullptr;
    }
    if (request.no_upgrade.status != 0) {
        runner_.await_refusal(request, PyExc_OSError);
        return nullptr;
    }
    const bool had_core = !request.left_core;
    RawSocket* socket = nullptr;
    try {
        socket = bridge_.worker().websockets().raw_of(request);
        if (socket != nullptr && had_core && request.runner != nullptr) {
            runner_.leave_core(request);
        }
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return nullptr;
    }
    if (socket == nullptr) {
        PyErr_SetString(PyExc_OSError, "the request has been answered already");
    }
    return socket;
}

bool RawSocketType::is_in_hub() const {
    return bridge_.running_greenlet() != nullptr;
}

// A library that has opened it in the hub's thread and goes on in another waits for that one in the
// first, unless its threads are greenlets: one that knows gevent needs none.
void RawSocketType::look_for_threads(const worker::Request& request) const {
    worker::Hints& hints = bridge_.worker().accounts().hints();
    if (hints.was_told(worker::Hint::UnpatchedThreads) || is_patched("threading") ||
        !hints.take(worker::Hint::UnpatchedThreads)) {
        return;
    }
    log::warning(
        "{} has opened gunicorn.socket in the thread of the worker's hub and uses it in another, "
        "as flask-sock and simple-websocket do where `threading` is not patched: what waits in the "
        "hub's thread for that one stops all requests. Leave app.monkey-patch at before-load "
        "(docs/websockets.md)",
        request.path_info);
}

// In another thread than the hub's, which may do something else meanwhile.
bool RawSocketType::await_descriptor(int fd) const {
    if (fd < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return false;
    }
    bridge_.worker().loop().wake();  // it watches the connection from its next turn on
    pollfd watched{fd, POLLIN, 0};
    int result = 0;
    int error = 0;
    Py_BEGIN_ALLOW_THREADS;
    result = ::poll(&watched, 1, -1);
    error = errno;
    Py_END_ALLOW_THREADS;
    if (result < 0 && error != EINTR) {
        errno = error;
        PyErr_SetFromErrno(PyExc_OSError);
        return false;
    }
    return PyErr_CheckSignals() == 0;
}

bool RawSocketType::await_readable(RawSocket& socket) const {
    return !is_in_hub() ? await_descriptor(socket.ready_fd()) : bridge_.await(socket.reader);
}

bool RawSocketType::await_room(RawSocket& socket) const {
    if (!is_in_hub()) {
        return await_descriptor(socket.room_fd());
    }
    const SenderPlace place(socket);
    return bridge_.await(place.waiter());
}

}  // namespace geventd::py
