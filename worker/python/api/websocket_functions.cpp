// SPDX-License-Identifier: MIT
#include "worker/python/api/api.h"
#include "worker/python/base/add_object.h"
#include "worker/python/websocket/web_socket_type.h"

// websocket, WebSocketClosed.

namespace geventd::py {

namespace {

PyObject* websocket(PyObject*, PyObject* environ) noexcept {
    if (!PyDict_Check(environ)) {
        return PyErr_Format(PyExc_TypeError, "websocket() takes a request's environ, not %.100s",
                            Py_TYPE(environ)->tp_name);
    }
    PyObject* const found = PyDict_GetItemString(environ, WebSocketType::kKey);
    return Ref::borrow(found == nullptr ? Py_None : found).release();
}

}  // namespace

int add_websocket_types(PyObject* module) {
    const Ref exception = Ref::steal(PyErr_NewExceptionWithDoc(
        "geventd.WebSocketClosed",
        "Nothing more can be received or sent: the client or the server has closed the WebSocket,\n"
        "or the client has vanished. The WebSocket's close_code tells which.",
        PyExc_ConnectionError, nullptr));
    return exception ? add_object(module, "WebSocketClosed", exception.get()) : -1;
}

PyMethodDef websocket_functions[] = {
    {"websocket", websocket, METH_O,
     "websocket(environ, /)\n--\n\n"
     "The WebSocket that a request asks for, to be accepted with its accept(); None when the\n"
     "request asks for none."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
