// SPDX-License-Identifier: MIT
#include <new>
#include <string_view>

#include "worker/process/forked.h"
#include "worker/python/api/native_module.h"
#include "worker/python/base/greenlet_object.h"
#include "worker/python/websocket/web_sockets.h"
#include "worker/serve/worker.h"

// uwsgi.websocket_* and uwsgi.request_context().

namespace geventd::py {

namespace {

using worker::Channel;

/// uwsgi.request_context(): a request that other greenlets may name. Opaque to the application.
struct Context {
    PyObject_HEAD worker::RequestRef request;
};

constexpr const char* kContextName = "_geventd_context";

Context* as_context(PyObject* self) {
    return reinterpret_cast<Context*>(self);
}

void context_dealloc(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    as_context(self)->request.~RequestRef();
    type->tp_free(self);
    Py_DECREF(type);
}

PyType_Slot context_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(context_dealloc)},
    {0, nullptr},
};

PyType_Spec context_spec{"uwsgi.RequestContext", sizeof(Context), 0, Py_TPFLAGS_DEFAULT,
                         context_slots};

bool io_error(const char* what) {
    PyErr_SetString(PyExc_OSError, what);
    return false;
}

// Replaces whatever a WebSocket's function has raised by uWSGI's only error, but lets through what
// was thrown into the greenlet.
bool as_io_error(const char* what) {
    if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_OSError) == 0) {
        return false;
    }
    PyErr_Clear();
    return io_error(what);
}

// Remembers which request the calling greenlet speaks for, so that uwsgi.disconnect(), which takes
// no context, ends the right one.
bool note_context(const NativeState& state, PyObject* context) {
    const Ref greenlet = state.bridge->current_greenlet();
    const Ref known = Ref::steal(PyObject_GetAttrString(greenlet.get(), kContextName));
    PyErr_Clear();
    return known.get() == context ||
           PyObject_SetAttrString(greenlet.get(), kContextName, context) == 0;
}

// The request that a call is about; null with an exception.
worker::Request* find_request(PyObject* module, PyObject* context, const char* function) {
    const NativeState& state = native_state_of(module);
    if (context == nullptr || context == Py_None) {
        Response* const response = current_response(module, function);
        return response == nullptr ? nullptr : &response->request();
    }
    if (reinterpret_cast<PyObject*>(Py_TYPE(context)) != state.context_type) {
        PyErr_Format(PyExc_TypeError,
                     "uwsgi.%s(): request_context is what uwsgi.request_context() returns, not "
                     "%.100s",
                     function, Py_TYPE(context)->tp_name);
        return nullptr;
    }
    if (worker::is_forked_child() || state.bridge == nullptr || !note_context(state, context)) {
        PyErr_Format(PyExc_RuntimeError, "uwsgi.%s() works only in a worker", function);
        return nullptr;
    }
    return as_context(context)->request.get();
}

// The open WebSocket of the request; null with an exception.
Channel* find_channel(PyObject* module, PyObject* context, const char* function) {
    worker::Request* const request = find_request(module, context, function);
    if (request == nullptr || !native_state_of(module).sockets->may_call()) {
        return nullptr;
    }
    if (!request->upgraded || !request->upgraded->has_begun()) {
        PyErr_SetString(PyExc_OSError, "uwsgi.websocket_handshake() comes first");
        return nullptr;
    }
    Channel* const channel = static_cast<worker::Socket&>(*request->upgraded).as_channel();
    if (channel == nullptr) {
        PyErr_SetString(PyExc_OSError, "the application uses gunicorn.socket instead");
    }
    return channel;
}

PyObject* handshake(PyObject* module, PyObject* args) noexcept {
    const char* given[3] = {};  // the key, the origin and the subprotocol, as str or bytes
    Py_ssize_t sizes[3] = {};
    if (!PyArg_ParseTuple(args, "|z#z#z#:websocket_handshake", &given[0], &sizes[0], &given[1],
                          &sizes[1], &given[2], &sizes[2])) {
        return nullptr;
    }
    const NativeState& state = native_state_of(module);
    worker::Request* const request = find_request(module, nullptr, "websocket_handshake");
    if (request == nullptr) {
        return nullptr;
    }
    Channel* channel = nullptr;
    try {
        channel = state.bridge->worker().websockets().channel_of(*request);
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
    if (channel == nullptr) {
        io_error("unable to complete websocket handshake");
        return nullptr;
    }
    const std::string_view chosen =
        channel->handshake().first_protocol({given[2], static_cast<std::size_t>(sizes[2])});
    if (!state.sockets->accept(*channel, chosen)) {
        as_io_error("unable to complete websocket handshake");
        return nullptr;
    }
    Py_RETURN_NONE;
}

bool read_context(PyObject* args, PyObject* keywords, const char* format, PyObject*& context) {
    static const char* names[] = {"request_context", nullptr};
    return PyArg_ParseTupleAndKeywords(args, keywords, format, const_cast<char**>(names),
                                       &context) != 0;
}

PyObject* bytes_of(const Channel::Message& message) {
    return PyBytes_FromStringAndSize(message.data.data(),
                                     static_cast<Py_ssize_t>(message.data.size()));
}

constexpr const char* kCannotReceive = "unable to receive websocket message";

PyObject* recv(PyObject* module, PyObject* args, PyObject* keywords) noexcept {
    PyObject* context = nullptr;
    if (!read_context(args, keywords, "|O:websocket_recv", context)) {
        return nullptr;
    }
    Channel* const channel = find_channel(module, context, "websocket_recv");
    if (channel == nullptr) {
        return nullptr;
    }
    const worker::RequestRef kept(channel->request());
    if (!native_state_of(module).sockets->await_message(*channel)) {
        as_io_error(kCannotReceive);
        return nullptr;
    }
    return bytes_of(channel->take());
}

PyObject* recv_nb(PyObject* module, PyObject* args, PyObject* keywords) noexcept {
    PyObject* context = nullptr;
    if (!read_context(args, keywords, "|O:websocket_recv_nb", context)) {
        return nullptr;
    }
    Channel* const channel = find_channel(module, context, "websocket_recv_nb");
    if (channel == nullptr) {
        return nullptr;
    }
    channel->look_for_message();
    if (channel->has_message()) {
        return bytes_of(channel->take());
    }
    if (channel->has_received_all()) {
        io_error(kCannotReceive);
        return nullptr;
    }
    return PyBytes_FromStringAndSize("", 0);
}

PyObject* send_message(PyObject* module, PyObject* args, PyObject* keywords, bool is_text) {
    static const char* names[] = {"message", "request_context", nullptr};
    const char* const function = is_text ? "websocket_send" : "websocket_send_binary";
    const char* bytes = nullptr;
    Py_ssize_t size = 0;
    PyObject* context = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, keywords, "s#|O", const_cast<char**>(names), &bytes,
                                    &size, &context) == 0) {
        return nullptr;
    }
    Channel* const channel = find_channel(module, context, function);
    if (channel == nullptr) {
        return nullptr;
    }
    const std::string_view message{bytes, static_cast<std::size_t>(size)};
    if (is_text && !WebSockets::is_text(message)) {
        io_error("a text message must be UTF-8; other bytes go by uwsgi.websocket_send_binary()");
        return nullptr;
    }
    const worker::RequestRef kept(channel->request());
    if (!native_state_of(module).sockets->await_send(*channel, is_text, message)) {
        as_io_error(is_text ? "unable to send websocket message"
                            : "unable to send websocket binary message");
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* send(PyObject* module, PyObject* args, PyObject* keywords) noexcept {
    return send_message(module, args, keywords, true);
}

PyObject* send_binary(PyObject* module, PyObject* args, PyObject* keywords) noexcept {
    return send_message(module, args, keywords, false);
}

PyObject* request_context(PyObject* module, PyObject*) noexcept {
    NativeState& state = native_state_of(module);
    worker::Request* const request = find_request(module, nullptr, "request_context");
    if (request == nullptr) {
        return nullptr;
    }
    auto* const type = reinterpret_cast<PyTypeObject*>(state.context_type);
    PyObject* const context = type->tp_alloc(type, 0);
    if (context != nullptr) {
        new (&as_context(context)->request) worker::RequestRef(*request);
    }
    return context;
}

PyCFunction with_keywords(PyCFunctionWithKeywords function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

PyObject* make_context_type() {
    return PyType_FromSpec(&context_spec);
}

Channel* channel_of_greenlet(PyObject* module) {
    const NativeState& state = native_state_of(module);
    if (state.bridge == nullptr || state.bridge->running_greenlet() == nullptr) {
        return nullptr;
    }
    const Ref greenlet = state.bridge->current_greenlet();
    const Ref context = Ref::steal(PyObject_GetAttrString(greenlet.get(), kContextName));
    PyErr_Clear();
    if (!context || reinterpret_cast<PyObject*>(Py_TYPE(context.get())) != state.context_type) {
        return nullptr;
    }
    const auto& upgraded = as_context(context.get())->request->upgraded;
    return upgraded ? static_cast<worker::Socket&>(*upgraded).as_channel() : nullptr;
}

PyMethodDef uwsgi_websocket_functions[] = {
    {"websocket_handshake", handshake, METH_VARARGS,
     "websocket_handshake(key=None, origin=None, proto=None): answers the request that asks for a "
     "WebSocket. OSError when it asks for none."},
    {"websocket_recv", with_keywords(recv), METH_VARARGS | METH_KEYWORDS,
     "websocket_recv(request_context=None) -> bytes: waits for a message. OSError at the end."},
    {"websocket_recv_nb", with_keywords(recv_nb), METH_VARARGS | METH_KEYWORDS,
     "websocket_recv_nb(request_context=None) -> bytes: a message, or b'' when there is none now."},
    {"websocket_send", with_keywords(send), METH_VARARGS | METH_KEYWORDS,
     "websocket_send(message, request_context=None): sends a text. OSError when it cannot be "
     "sent."},
    {"websocket_send_binary", with_keywords(send_binary), METH_VARARGS | METH_KEYWORDS,
     "websocket_send_binary(message, request_context=None): the same for bytes."},
    {"request_context", request_context, METH_NOARGS,
     "request_context(): the request of the calling greenlet, for calls in other greenlets."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
