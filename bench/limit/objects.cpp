// SPDX-License-Identifier: MIT
#include "limit/objects.h"

#include <array>
#include <charconv>

#include <structmember.h>

#include "worker/python/base/error.h"

namespace geventd::limit {

using py::Ref;

namespace {

struct Object {
    PyObject_HEAD vectorcallfunc call;
    Connection* connection;
};

PyTypeObject* start_response_type = nullptr;
PyTypeObject* input_type = nullptr;

Connection& connection_of(PyObject* self) {
    return *reinterpret_cast<Object*>(self)->connection;
}

std::string_view view(PyObject* text) {
    return {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)),
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))};
}

iovec part(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT
}

iovec part(PyObject* bytes) {
    return {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

// start_response(status, headers): writes the head.
PyObject* set_head(PyObject* self, PyObject* const* args, std::size_t, PyObject*) {
    Connection& connection = connection_of(self);
    std::string& head = connection.answer;
    head.assign("HTTP/1.1 ").append(view(args[0])).append("\r\n");
    bool has_length = false;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[1]); ++i) {
        PyObject* pair = PyList_GET_ITEM(args[1], i);
        const std::string_view name = view(PyTuple_GET_ITEM(pair, 0));
        has_length = has_length || name == "Content-Length";
        head.append(name).append(": ").append(view(PyTuple_GET_ITEM(pair, 1))).append("\r\n");
    }
    connection.chunked = !has_length && connection.http11;
    connection.keep_alive = connection.keep_alive && (has_length || connection.chunked);
    Py_RETURN_NONE;
}

void end_head(Connection& connection) {
    connection.head_sent = true;
    if (connection.chunked) {
        connection.answer.append("Transfer-Encoding: chunked\r\n");
    }
    connection.answer.append(connection.keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
}

// read(size): returns what has arrived, at most `size` bytes.
PyObject* read(PyObject* self, PyObject* size) {
    Connection& connection = connection_of(self);
    const Py_ssize_t room =
        std::min(PyLong_AsSsize_t(size), static_cast<Py_ssize_t>(connection.body_left));
    PyObject* bytes = PyBytes_FromStringAndSize(nullptr, room);
    Py_ssize_t got = 0;
    while (got < room) {
        const std::size_t more = connection.await_body(PyBytes_AS_STRING(bytes) + got,
                                                       static_cast<std::size_t>(room - got));
        if (more == 0) {
            _PyBytes_Resize(&bytes, got);
            break;
        }
        got += static_cast<Py_ssize_t>(more);
    }
    return bytes;
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Object, call), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyType_Slot start_response_slots[] = {
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, members},
    {0, nullptr},
};
PyType_Spec start_response_spec{"limit.StartResponse", sizeof(Object), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
                                start_response_slots};
PyMethodDef methods[] = {
    {"read", read, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot input_slots[] = {
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec input_spec{"limit.Input", sizeof(Object), 0, Py_TPFLAGS_DEFAULT, input_slots};

Ref make(PyTypeObject* type, Connection& connection) {
    Ref object = Ref::steal(type->tp_alloc(type, 0));
    reinterpret_cast<Object*>(object.get())->call = set_head;
    reinterpret_cast<Object*>(object.get())->connection = &connection;
    return object;
}

}  // namespace

void register_types() {
    start_response_type = reinterpret_cast<PyTypeObject*>(
        py::checked(PyType_FromSpec(&start_response_spec)).release());
    input_type =
        reinterpret_cast<PyTypeObject*>(py::checked(PyType_FromSpec(&input_spec)).release());
}

Ref make_start_response(Connection& connection) {
    return make(start_response_type, connection);
}

Ref make_input(Connection& connection) {
    return make(input_type, connection);
}

bool send_only(Connection& connection, PyObject* bytes) {
    if (connection.chunked) {
        connection.chunked = false;
        connection.answer.append("Content-Length: ")
            .append(std::to_string(PyBytes_GET_SIZE(bytes)))
            .append("\r\n");
    }
    end_head(connection);
    std::array<iovec, 2> parts{part(connection.answer), part(bytes)};
    return connection.send(parts);
}

bool send_piece(Connection& connection, PyObject* bytes) {
    std::array<iovec, 4> parts{};
    std::size_t count = 0;
    std::array<char, 18> line{};
    if (!connection.head_sent) {
        end_head(connection);
        parts[count++] = part(connection.answer);
    }
    if (connection.chunked) {
        char* end = std::to_chars(line.data(), line.data() + 16, PyBytes_GET_SIZE(bytes), 16).ptr;
        *end++ = '\r';
        *end++ = '\n';
        parts[count++] = part({line.data(), static_cast<std::size_t>(end - line.data())});
    }
    parts[count++] = part(bytes);
    if (connection.chunked) {
        parts[count++] = part("\r\n");
    }
    return connection.send(std::span(parts).first(count));
}

bool send_end(Connection& connection) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    if (!connection.head_sent) {
        end_head(connection);
        parts[count++] = part(connection.answer);
    }
    if (connection.chunked) {
        parts[count++] = part("0\r\n\r\n");
    }
    return count == 0 || connection.send(std::span(parts).first(count));
}

}  // namespace geventd::limit
