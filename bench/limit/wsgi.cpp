// SPDX-License-Identifier: MIT
#include "limit/wsgi.h"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include <greenlet.h>

#include "limit/objects.h"
#include "worker/python/base/error.h"

namespace geventd::limit {

using py::checked;
using py::Ref;

namespace {

struct Key {
    std::string name;
    Ref object;
};

struct Shared {
    Ref application, hub, run, environ;
    Ref method, path, query, protocol, input;
    Ref get, empty, http10, http11;
    std::array<Key, 256> keys;
    Connection* starting = nullptr;
};

// Never destroyed: the interpreter is not, either.
Shared& shared = *new Shared;  // NOLINT(cppcoreguidelines-owning-memory)

PyGreenlet* as_greenlet(PyObject* object) {
    return reinterpret_cast<PyGreenlet*>(object);
}

Ref interned(const char* text) {
    return checked(PyUnicode_InternFromString(text));
}

Ref text(std::string_view bytes) {
    return Ref::steal(
        PyUnicode_DecodeLatin1(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr));
}

// The environ key of a header, or a uwsgi variable unchanged. Caches one object per table entry.
PyObject* key_of(std::string_view name, bool header) {
    const auto at = [name](std::size_t i) -> std::size_t {
        return static_cast<unsigned char>(name[i]);
    };
    const std::size_t size = name.size();
    Key& key =
        shared.keys[(size * 31 + at(0) * 7 + at(size / 2) * 3 + at(size - 1)) % shared.keys.size()];
    if (key.name == name) {
        return key.object.get();
    }
    key.name = name;
    std::string made(name);
    if (header) {
        for (char& byte : made) {
            byte = byte == '-' ? '_' : static_cast<char>(std::toupper(byte));
        }
        if (made != "CONTENT_TYPE" && made != "CONTENT_LENGTH") {
            made.insert(0, "HTTP_");
        }
    }
    key.object = interned(made.c_str());
    return key.object.get();
}

Ref make_environ(Connection& connection) {
    Ref environ = Ref::steal(PyDict_Copy(shared.environ.get()));
    PyObject* dict = environ.get();
    for (const Field& field : head.fields) {
        const Ref value = text(field.value);
        PyDict_SetItem(dict, key_of(field.name, !connection.uwsgi), value.get());
    }
    if (!connection.uwsgi) {
        if (head.method != "GET") {
            PyDict_SetItem(dict, shared.method.get(), text(head.method).get());
        }
        PyDict_SetItem(dict, shared.path.get(), text(head.path).get());
        if (!head.query.empty()) {
            PyDict_SetItem(dict, shared.query.get(), text(head.query).get());
        }
        PyDict_SetItem(dict, shared.protocol.get(),
                       head.http11 ? shared.http11.get() : shared.http10.get());
    }
    if (!connection.input) {
        connection.input = make_input(connection);
    }
    PyDict_SetItem(dict, shared.input.get(), connection.input.get());
    return environ;
}

// Lists are sent as a whole, together with the head; other pieces one by one.
bool await_send(Connection& connection, PyObject* result) {
    if (PyList_CheckExact(result) && PyList_GET_SIZE(result) == 1) {
        return send_only(connection, PyList_GET_ITEM(result, 0));
    }
    const Ref iterator = Ref::steal(PyObject_GetIter(result));
    if (!iterator) {
        return false;
    }
    while (const Ref piece = Ref::steal(PyIter_Next(iterator.get()))) {
        if (!send_piece(connection, piece.get())) {
            return false;
        }
    }
    return PyErr_Occurred() == nullptr && send_end(connection);
}

bool await_answer(Connection& connection) {
    if (!connection.start_response) {
        connection.start_response = make_start_response(connection);
    }
    Ref environ = make_environ(connection);
    PyObject* arguments[] = {environ.get(), connection.start_response.get()};
    const Ref result =
        Ref::steal(PyObject_Vectorcall(shared.application.get(), arguments, 2, nullptr));
    environ.reset();
    if (!result || !await_send(connection, result.get())) {
        return false;
    }
    if (!PyList_CheckExact(result.get()) && PyObject_HasAttrString(result.get(), "close") != 0) {
        return static_cast<bool>(Ref::steal(PyObject_CallMethod(result.get(), "close", nullptr)));
    }
    return true;
}

PyObject* run(PyObject*, PyObject*) {
    Connection& connection = *std::exchange(shared.starting, nullptr);
    const bool complete = await_answer(connection);
    if (!complete) {
        PyErr_Print();
    }
    connection.finish(complete);
    Py_RETURN_NONE;
}

void set(const char* key, const Ref& value) {
    if (PyDict_SetItemString(shared.environ.get(), key, value.get()) < 0) {
        py::throw_pending();
    }
}

}  // namespace

void prepare(Ref application, Ref hub, int port, bool uwsgi) {
    PyGreenlet_Import();
    register_types();
    static PyMethodDef definition{"run", run, METH_NOARGS, nullptr};
    shared.application = std::move(application);
    shared.hub = std::move(hub);
    shared.run = checked(PyCFunction_New(&definition, nullptr));
    shared.method = interned("REQUEST_METHOD");
    shared.path = interned("PATH_INFO");
    shared.query = interned("QUERY_STRING");
    shared.protocol = interned("SERVER_PROTOCOL");
    shared.input = interned("wsgi.input");
    shared.empty = interned("");
    shared.http10 = interned("HTTP/1.0");
    shared.http11 = interned("HTTP/1.1");
    shared.environ = checked(PyDict_New());
    set("SCRIPT_NAME", shared.empty);
    if (!uwsgi) {
        set("REQUEST_METHOD", interned("GET"));
        set("QUERY_STRING", shared.empty);
        set("SERVER_NAME", interned("127.0.0.1"));
        set("SERVER_PORT", interned(std::to_string(port).c_str()));
        set("REMOTE_ADDR", interned("127.0.0.1"));
    }
    set("wsgi.version", checked(Py_BuildValue("(ii)", 1, 0)));
    set("wsgi.url_scheme", interned("http"));
    set("wsgi.errors", Ref::borrow(PySys_GetObject("stderr")));
    set("wsgi.multithread", Ref::borrow(Py_False));
    set("wsgi.multiprocess", Ref::borrow(Py_False));
    set("wsgi.run_once", Ref::borrow(Py_False));
}

void start(Connection& connection) {
    shared.starting = &connection;
    const Ref greenlet = Ref::steal(reinterpret_cast<PyObject*>(
        PyGreenlet_New(shared.run.get(), as_greenlet(shared.hub.get()))));
    Ref::steal(PyGreenlet_Switch(as_greenlet(greenlet.get()), nullptr, nullptr));
}

void resume(Connection& connection) {
    const Ref greenlet = Ref::borrow(std::exchange(connection.waiting, nullptr));
    Ref::steal(PyGreenlet_Switch(as_greenlet(greenlet.get()), nullptr, nullptr));
}

bool await_readable(Connection& connection) {
    const Ref current = Ref::steal(reinterpret_cast<PyObject*>(PyGreenlet_GetCurrent()));
    connection.waiting = current.get();
    const Ref result =
        Ref::steal(PyGreenlet_Switch(as_greenlet(shared.hub.get()), nullptr, nullptr));
    return static_cast<bool>(result);
}

}  // namespace geventd::limit
