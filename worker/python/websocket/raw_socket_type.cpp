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
#include "worker/websocket/asking.h"

namespace geventd::py {

namespace {

using worker::RawSocket;

constexpr Py_ssize_t kMostReceived = 1 << 20;

struct Object {
    PyObject_HEAD const RawSocketType* type;
    worker::RequestRef request;
    TimeLimit limit;
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
        if (!as_object(self)->type->await_readable(*socket, as_object(self)->limit)) {
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

PyObject* recv_into(PyObject* self, PyObject* args) noexcept {
    Py_buffer buffer{};
    Py_ssize_t size = 0;
    int flags = 0;
    if (!PyArg_ParseTuple(args, "w*|ni:recv_into", &buffer, &size, &flags)) {
        return nullptr;
    }
    const Py_ssize_t room = size == 0 ? buffer.len : size;
    Py_ssize_t got = 0;
    if (room < 0 || room > buffer.len) {
        PyErr_SetString(PyExc_ValueError, "the buffer has not that size");
        got = -1;
    } else if (room > 0) {
        got = await_received(self, static_cast<char*>(buffer.buf), room);
    }
    PyBuffer_Release(&buffer);
    return got < 0 ? nullptr : PyLong_FromSsize_t(got);
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
        if (!as_object(self)->type->await_room(*socket, as_object(self)->limit)) {
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
    if (worker::is_forked_child()) {
        Py_RETURN_NONE;  // the connection is the worker's
    }
    if (request.upgraded && request.upgraded->has_begun()) {
        if (RawSocket* const socket = static_cast<worker::Socket&>(*request.upgraded).as_raw()) {
            socket->close();
        }
    }
    Py_RETURN_NONE;
}

PyObject* getpeername(PyObject* self, PyObject*) noexcept {
    const worker::Request& request = *as_object(self)->request;
    if (request.exchange == nullptr) {
        errno = ENOTCONN;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    const worker::Peer& peer = request.exchange->client().peer;
    switch (peer.kind) {
        case worker::Peer::Kind::Inet:
            return Py_BuildValue("(si)", peer.host().c_str(), int{peer.port});
        case worker::Peer::Kind::Inet6:
            return Py_BuildValue("(siii)", peer.host().c_str(), int{peer.port}, 0, 0);
        case worker::Peer::Kind::Unix:
            break;
    }
    return PyUnicode_FromString("");
}

PyObject* settimeout(PyObject* self, PyObject* value) noexcept {
    if (!as_object(self)->limit.set(value)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* gettimeout(PyObject* self, PyObject*) noexcept {
    return as_object(self)->limit.object().release();
}

PyObject* setblocking(PyObject* self, PyObject* value) noexcept {
    const int blocks = PyObject_IsTrue(value);
    if (blocks < 0) {
        return nullptr;
    }
    as_object(self)->limit = TimeLimit(blocks != 0 ? TimeLimit::kNone : 0);
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

// As non-blocking sockets say it.
bool would_block() {
    errno = EAGAIN;
    PyErr_SetFromErrno(PyExc_OSError);
    return false;
}

void dealloc(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    as_object(self)->request.~RequestRef();
    type->tp_free(self);
    Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"recv", recv, METH_VARARGS, "recv(size) -> bytes: waits for some; b'' at the end."},
    {"recv_into", recv_into, METH_VARARGS, "recv_into(buffer, size=0) -> int"},
    {"send", send, METH_VARARGS, "send(bytes) -> int: sends all of them, or raises."},
    {"sendall", sendall, METH_VARARGS, "sendall(bytes)"},
    {"fileno", fileno, METH_NOARGS,
     "fileno() -> int: a descriptor that is readable while bytes or the end are there. It is not "
     "that of the connection."},
    {"close", close, METH_NOARGS, "close(): nothing more is sent."},
    {"shutdown", nothing, METH_VARARGS, "Does nothing: the server ends the connection."},
    {"settimeout", settimeout, METH_O, "settimeout(seconds or None): of a recv() or send()."},
    {"gettimeout", gettimeout, METH_NOARGS, "gettimeout() -> float or None"},
    {"setblocking", setblocking, METH_O, "setblocking(flag): settimeout(None) or settimeout(0)"},
    {"setsockopt", nothing, METH_VARARGS, "Does nothing: the connection is the server's."},
    {"getpeername", getpeername, METH_NOARGS, "getpeername(): as that of a socket"},
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
        new (&as_object(object)->limit) TimeLimit;
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
    if (socket == nullptr && request.has_unread_body()) {
        request.no_upgrade = worker::kHandshakeWithBody;
        PyErr_SetString(PyExc_OSError, request.no_upgrade.reason.data());
    } else if (socket == nullptr) {
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

bool RawSocketType::await_readable(RawSocket& socket, TimeLimit limit) const {
    return is_in_hub() ? await_waiter(socket.reader, limit)
                       : await_descriptor(socket.ready_fd(), limit);
}

bool RawSocketType::await_room(RawSocket& socket, TimeLimit limit) const {
    if (!is_in_hub()) {
        return await_descriptor(socket.room_fd(), limit);
    }
    const SenderPlace place(socket);
    return await_waiter(place.waiter(), limit);
}

bool RawSocketType::await_waiter(worker::Waiter& waiter, TimeLimit limit) const {
    if (limit.is_zero()) {
        return would_block();
    }
    const TimeLimitOfGreenlet timer(limit);
    return timer.has_begun() && bridge_.await(waiter);
}

// In another thread than the hub's, which may do something else meanwhile.
bool RawSocketType::await_descriptor(int fd, TimeLimit limit) const {
    if (fd < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return false;
    }
    if (limit.is_zero()) {
        return would_block();
    }
    bridge_.worker().loop().wake();  // it watches the connection from its next turn on
    pollfd watched{fd, POLLIN, 0};
    int result = 0;
    int error = 0;
    Py_BEGIN_ALLOW_THREADS;
    result = ::poll(&watched, 1, limit.milliseconds());
    error = errno;
    Py_END_ALLOW_THREADS;
    if (result == 0) {
        return TimeLimit::raise();
    }
    if (result < 0 && error != EINTR) {
        errno = error;
        PyErr_SetFromErrno(PyExc_OSError);
        return false;
    }
    return PyErr_CheckSignals() == 0;
}

}  // namespace geventd::py
