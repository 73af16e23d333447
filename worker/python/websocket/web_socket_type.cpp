// SPDX-License-Identifier: MIT
#include "worker/python/websocket/web_socket_type.h"

#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "http/octets.h"
#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/websocket/payload.h"
#include "worker/serve/worker.h"
#include "worker/websocket/asking.h"

namespace geventd::py {

namespace {

using worker::Channel;

// gevent-websocket's, or that of wsgi_websocket.py where it is not installed.
constexpr std::string_view kErrorOfWsgiWebSocket = "WebSocketError";

struct WebSocket {
    PyObject_HEAD const WebSocketType* type;
    worker::RequestRef request;
};

WebSocket* as_web_socket(PyObject* self) {
    return reinterpret_cast<WebSocket*>(self);
}

// Null with a RuntimeError: the application uses the connection as a raw socket.
Channel* channel_of(PyObject* self) {
    auto* const socket = static_cast<worker::Socket*>(as_web_socket(self)->request->upgraded.get());
    Channel* const channel = socket->as_channel();
    if (channel == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "the application uses gunicorn.socket instead");
    }
    return channel;
}

WebSockets& sockets_of(PyObject* self) {
    return as_web_socket(self)->type->sockets();
}

bool may_use(PyObject* self, const Channel* channel) {
    return channel != nullptr && sockets_of(self).may_use(*channel);
}

PyObject* text(std::string_view bytes) {
    return PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
}

PyObject* message_object(const Channel::Message& message) {
    return message.is_text ? text(message.data)
                           : PyBytes_FromStringAndSize(
                                 message.data.data(), static_cast<Py_ssize_t>(message.data.size()));
}

PyObject* accept(PyObject* self, PyObject* args, PyObject* keywords) noexcept {
    static const char* names[] = {"subprotocol", nullptr};
    const char* protocol = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, keywords, "|z:accept", const_cast<char**>(names),
                                    &protocol) == 0) {
        return nullptr;
    }
    Channel* const channel = channel_of(self);
    if (channel == nullptr) {
        return nullptr;
    }
    const std::string_view chosen = protocol == nullptr ? "" : protocol;
    if (!chosen.empty() && !channel->handshake().offers(chosen)) {
        return PyErr_Format(PyExc_ValueError, "the client does not offer the subprotocol %s",
                            protocol);
    }
    if (!sockets_of(self).accept(*channel, chosen)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* receive(PyObject* self, PyObject*) noexcept {
    Channel* const channel = channel_of(self);
    WebSockets& sockets = sockets_of(self);
    if (!may_use(self, channel)) {
        return nullptr;
    }
    if (!sockets.await_message(*channel)) {
        if (PyErr_Occurred() == nullptr) {
            sockets.closed(*channel);
        }
        return nullptr;
    }
    return message_object(channel->take());
}

PyObject* next(PyObject* self) noexcept {
    Channel* const channel = channel_of(self);
    WebSockets& sockets = sockets_of(self);
    if (!may_use(self, channel) || !sockets.await_message(*channel)) {
        return nullptr;  // without an exception: this ends the iteration
    }
    return message_object(channel->take());
}

PyObject* send(PyObject* self, PyObject* message) noexcept {
    Channel* const channel = channel_of(self);
    WebSockets& sockets = sockets_of(self);
    Payload payload;
    if (!may_use(self, channel) || !payload.take(message) ||
        !sockets.await_send(*channel, payload.is_text(), payload.bytes())) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* ping(PyObject* self, PyObject* args) noexcept {
    const char* bytes = "";
    Py_ssize_t size = 0;
    Channel* const channel = channel_of(self);
    WebSockets& sockets = sockets_of(self);
    if (!PyArg_ParseTuple(args, "|s#:ping", &bytes, &size) || !may_use(self, channel)) {
        return nullptr;
    }
    if (static_cast<std::size_t>(size) > websocket::kMostPing) {
        PyErr_SetString(PyExc_ValueError, "a ping has at most 125 bytes");
        return nullptr;
    }
    if (!sockets.await_ping(*channel, {bytes, static_cast<std::size_t>(size)})) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* close(PyObject* self, PyObject* args, PyObject* keywords) noexcept {
    static const char* names[] = {"code", "reason", nullptr};
    int code = websocket::kNormal;
    const char* reason = "";
    Py_ssize_t size = 0;
    Channel* const channel = channel_of(self);
    if (PyArg_ParseTupleAndKeywords(args, keywords, "|is#:close", const_cast<char**>(names), &code,
                                    &reason, &size) == 0 ||
        !may_use(self, channel)) {
        return nullptr;
    }
    if (!websocket::is_sendable_code(code)) {
        return PyErr_Format(PyExc_ValueError,
                            "a WebSocket is closed with a code of RFC 6455 or one from 3000 to "
                            "4999, not with %d",
                            code);
    }
    if (static_cast<std::size_t>(size) > websocket::kMostReason) {
        PyErr_SetString(PyExc_ValueError, "a reason has at most 123 bytes as UTF-8");
        return nullptr;
    }
    if (!WebSockets::is_text({reason, static_cast<std::size_t>(size)})) {
        PyErr_SetString(PyExc_ValueError, "a reason is UTF-8");
        return nullptr;
    }
    channel->close(static_cast<std::uint16_t>(code), {reason, static_cast<std::size_t>(size)});
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"accept", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&accept)),
     METH_VARARGS | METH_KEYWORDS,
     "accept(subprotocol=None)\n--\n\n"
     "Answers the handshake. From then on the request holds no core, has no time limit, and what\n"
     "the application returns is ignored. subprotocol: one of `offered`."},
    {"receive", receive, METH_NOARGS,
     "receive()\n--\n\nWaits for a message: str if it is a text, else bytes. WebSocketClosed when "
     "there will be\nnone. Iteration gives all messages up to the end."},
    {"send", send, METH_O,
     "send(message)\n--\n\nSends a text (str) or bytes. Waits as long as the client has not taken "
     "a former message.\nWebSocketClosed when the client has left."},
    {"ping", ping, METH_VARARGS,
     "ping(payload=b'')\n--\n\nSends a ping. The server sends its own by limits.websocket-ping."},
    {"close", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&close)),
     METH_VARARGS | METH_KEYWORDS,
     "close(code=1000, reason='')\n--\n\nSays good-bye. Does not wait for the client, and may be "
     "repeated."},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* get_offered(PyObject* self, void*) noexcept {
    const Channel* const channel = channel_of(self);
    if (channel == nullptr) {
        return nullptr;
    }
    std::string_view list = channel->handshake().protocols;
    Ref offered = Ref::steal(PyList_New(0));
    while (offered && !list.empty()) {
        const Ref protocol = Ref::steal(text(http::next_element(list)));
        if (!protocol || PyList_Append(offered.get(), protocol.get()) < 0) {
            return nullptr;
        }
    }
    return offered.release();
}

PyObject* get_subprotocol(PyObject* self, void*) noexcept {
    const Channel* const channel = channel_of(self);
    if (channel == nullptr) {
        return nullptr;
    }
    return channel->protocol().empty() ? Ref::borrow(Py_None).release() : text(channel->protocol());
}

PyObject* get_closed(PyObject* self, void*) noexcept {
    const Channel* const channel = channel_of(self);
    return channel == nullptr ? nullptr : PyBool_FromLong(channel->is_closed() ? 1 : 0);
}

PyObject* get_ended(PyObject* self, void*) noexcept {
    const Channel* const channel = channel_of(self);
    return channel == nullptr
               ? nullptr
               : PyBool_FromLong(!channel->has_message() && channel->has_received_all() ? 1 : 0);
}

PyObject* get_close_code(PyObject* self, void*) noexcept {
    const Channel* const channel = channel_of(self);
    if (channel == nullptr) {
        return nullptr;
    }
    return channel->has_end() ? PyLong_FromLong(channel->end().code)
                              : Ref::borrow(Py_None).release();
}

PyObject* get_close_reason(PyObject* self, void*) noexcept {
    const Channel* const channel = channel_of(self);
    return channel == nullptr ? nullptr : text(channel->end().reason);
}

PyGetSetDef attributes[] = {
    {"offered", get_offered, nullptr, "The subprotocols that the client offers, a list.", nullptr},
    {"subprotocol", get_subprotocol, nullptr, "The one that was accepted, or None.", nullptr},
    {"closed", get_closed, nullptr, "Whether no message can be sent any more.", nullptr},
    {"ended", get_ended, nullptr, "Whether receive() has nothing more to give.", nullptr},
    {"close_code", get_close_code, nullptr,
     "The code with which the client has closed; None: it has not yet; 1006: it left without a "
     "word.",
     nullptr},
    {"close_reason", get_close_reason, nullptr, "The client's reason, or ''.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

void dealloc(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    as_web_socket(self)->request.~RequestRef();
    type->tp_free(self);
    Py_DECREF(type);
}

PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void*>(next)},
    {Py_tp_methods, methods},
    {Py_tp_getset, attributes},
    {0, nullptr},
};

PyType_Spec spec{"geventd.WebSocket", sizeof(WebSocket), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

WebSocketType::WebSocketType(worker::Worker& worker, WebSockets& sockets, const RawSocketType& raw)
    : worker_(worker), sockets_(sockets), raw_(raw), type_(made_type(spec)) {}

Ref WebSocketType::make(Channel& channel) const {
    auto* const type = reinterpret_cast<PyTypeObject*>(type_.get());
    PyObject* object = type->tp_alloc(type, 0);
    if (object != nullptr) {
        as_web_socket(object)->type = this;
        new (&as_web_socket(object)->request) worker::RequestRef(channel.request());
    }
    return Ref::steal(object);
}

http::Rejection WebSocketType::prepare(worker::Request& request, PyObject* environ) {
    Channel* channel = nullptr;
    try {
        channel = worker_.websockets().channel_of(request);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    if (channel == nullptr || !channel->handshake().is_our_version) {
        worker::tell_why_not(request, worker_.accounts().hints());
        if (channel != nullptr) {
            request.no_upgrade = {426, "this version of WebSocket is not supported"};
            add_faces(*channel, environ);
        }
        return {};
    }
    const http::Rejection refusal = worker_.websockets().refusal(channel->handshake());
    if (refusal.status != 0) {
        log::info("refused the WebSocket {} of {}: {}", request.path_info,
                  channel->handshake().origin.empty() ? "a client" : channel->handshake().origin,
                  refusal.reason);
        worker_.websockets().not_opened();
        request.upgraded.reset();
        return refusal;
    }
    add_faces(*channel, environ);
    return {};
}

// Applications raise OSErrors of their own, too, which have an errno or a class of their own.
bool WebSocketType::is_of_the_end(PyObject* exception) const {
    if (sockets_.is_closed_error(exception)) {
        return true;
    }
    const PyTypeObject* const type = Py_TYPE(exception);
    const bool is_faces = type == reinterpret_cast<PyTypeObject*>(PyExc_OSError) ||
                          type == reinterpret_cast<PyTypeObject*>(PyExc_BrokenPipeError) ||
                          (std::string_view(type->tp_name) == kErrorOfWsgiWebSocket &&
                           PyErr_GivenExceptionMatches(exception, PyExc_OSError) != 0);
    if (!is_faces) {
        return false;
    }
    const Ref number = Ref::steal(PyObject_GetAttrString(exception, "errno"));
    PyErr_Clear();
    return number.get() == Py_None;
}

void WebSocketType::ended(const worker::Request& request) noexcept {
    const auto told = told_at_end_.extract(&request);
    if (!told.empty() && !Ref::steal(PyObject_CallMethod(told.mapped().get(), "_end", nullptr))) {
        PyErr_WriteUnraisable(told.mapped().get());
    }
}

// Errors stay set.
void WebSocketType::add_faces(Channel& channel, PyObject* environ) {
    const Ref object = make(channel);
    const Ref raw = object ? raw_.make(channel.request()) : Ref();
    if (!raw || PyDict_SetItemString(environ, kKey, object.get()) < 0 ||
        PyDict_SetItemString(environ, "gunicorn.socket", raw.get()) < 0) {
        return;
    }
    if (!add_wsgi_websocket_) {
        const Ref module = Ref::steal(PyImport_ImportModule("_geventd_wsgi_websocket"));
        add_wsgi_websocket_ =
            module ? Ref::steal(PyObject_GetAttrString(module.get(), "add_to")) : Ref();
    }
    if (add_wsgi_websocket_) {
        Ref added = Ref::steal(PyObject_CallFunctionObjArgs(add_wsgi_websocket_.get(), environ,
                                                            object.get(), nullptr));
        if (added) {
            told_at_end_.insert_or_assign(&channel.request(), std::move(added));
        }
    }
}

}  // namespace geventd::py
