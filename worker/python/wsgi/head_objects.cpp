// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/head_objects.h"

#include <string>
#include <string_view>

#include "http/control_scan.h"

namespace geventd::py {

namespace {

using Fault = http::ResponseHead::Fault;

// The Latin-1 bytes that WSGI encodes as a str; false if `object` is no such str. The view is valid
// as long as the object lives.
bool latin1_view(PyObject* object, std::string_view& view) {
    if (!PyUnicode_Check(object) || PyUnicode_READY(object) < 0 ||
        PyUnicode_KIND(object) != PyUnicode_1BYTE_KIND) {
        return false;
    }
    view = {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(object)),
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(object))};
    return true;
}

bool refuse_text(PyObject* object, const std::string& what) {
    if (PyErr_Occurred() != nullptr) {
        return false;
    }
    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str, not %.100s", what.c_str(),
                     Py_TYPE(object)->tp_name);
    } else {
        PyErr_Format(PyExc_ValueError, "%s must hold Latin-1 characters only, got %R", what.c_str(),
                     object);
    }
    return false;
}

bool refuse_control(std::string_view text, const std::string& what) {
    PyErr_Format(PyExc_ValueError, "%s holds a control character (\\x%02x)", what.c_str(),
                 static_cast<unsigned char>(text[http::find_control(text, 0)]));
    return false;
}

std::string value_of(std::string_view name) {
    return "the value of the header " + std::string(name);
}

bool refuse_field(Fault fault, std::string_view name, std::string_view value, PyObject* pair) {
    switch (fault) {
        case Fault::None:
        case Fault::HopByHop:
            break;
        case Fault::Name:
            PyErr_Format(PyExc_ValueError, "%R is no valid header name", PyTuple_GET_ITEM(pair, 0));
            break;
        case Fault::ControlCharacter:
            return refuse_control(value, value_of(name));
        case Fault::ContentLength:
            PyErr_Format(PyExc_ValueError,
                         "%R is no valid Content-Length, or not the one that was given before",
                         PyTuple_GET_ITEM(pair, 1));
            break;
    }
    return false;
}

bool start(http::ResponseHead& head, std::string_view protocol, PyObject* status) {
    std::string_view line;
    if (!latin1_view(status, line)) {
        return refuse_text(status, "the status");
    }
    if (http::find_control(line, 0) != line.size()) {
        return refuse_control(line, "the status");
    }
    if (!head.start(protocol, line)) {
        PyErr_SetString(PyExc_ValueError,
                        "the status must be three digits, a space and a reason, like '200 OK'");
        return false;
    }
    if (head.status() < 200) {
        PyErr_Format(PyExc_ValueError,
                     "the status %R ends no answer: only the server sends those below 200 (early "
                     "hints: environ['wsgi.early_hints'])",
                     status);
        head.clear();
        return false;
    }
    return true;
}

bool add_field(http::ResponseHead& head, const worker::Request& request, worker::Accounts& accounts,
               PyObject* pair) {
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_Format(PyExc_TypeError, "each response header must be a (name, value) tuple, got %R",
                     pair);
        return false;
    }
    PyObject* const name_object = PyTuple_GET_ITEM(pair, 0);
    PyObject* const value_object = PyTuple_GET_ITEM(pair, 1);
    std::string_view name;
    std::string_view value;
    if (!latin1_view(name_object, name)) {
        return refuse_text(name_object, "a header name");
    }
    if (!latin1_view(value_object, value)) {
        return refuse_text(value_object, value_of(name));
    }
    const Fault fault = head.add(name, value);
    if (fault == Fault::HopByHop) {
        accounts.warn_of_hop_by_hop(request, name);
        return true;
    }
    return fault == Fault::None || refuse_field(fault, name, value, pair);
}

bool add_fields(http::ResponseHead& head, const worker::Request& request,
                worker::Accounts& accounts, PyObject* headers) {
    if (!PyList_Check(headers)) {
        PyErr_Format(PyExc_TypeError, "the response headers must be a list, not %.100s",
                     Py_TYPE(headers)->tp_name);
        return false;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(headers); ++i) {
        if (!add_field(head, request, accounts, PyList_GET_ITEM(headers, i))) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool fill_head(worker::Request& request, worker::Accounts& accounts, PyObject* status,
               PyObject* headers) {
    http::ResponseHead& head = request.answer.head();
    if (!start(head, request.form.version, status)) {
        return false;
    }
    if (!add_fields(head, request, accounts, headers)) {
        head.clear();
        return false;
    }
    return true;
}

bool fill_early_hints(http::ResponseHead& head, const worker::Request& request,
                      worker::Accounts& accounts, PyObject* headers) {
    head.start("HTTP/1.1", "103 Early Hints");
    return add_fields(head, request, accounts, headers);
}

}  // namespace geventd::py
