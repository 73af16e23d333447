// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/head_objects.h"

#include "http/control_scan.h"

namespace geventd::py {

namespace {

using Fault = http::ResponseHead::Fault;

// The Latin-1 bytes that WSGI encodes as a str. The view is valid as long as the object lives.
bool latin1_view(PyObject* object, const char* what, std::string_view& view) {
    if (!PyUnicode_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be a str, not %.100s", what,
                     Py_TYPE(object)->tp_name);
        return false;
    }
    if (PyUnicode_READY(object) < 0) {
        return false;
    }
    if (PyUnicode_KIND(object) != PyUnicode_1BYTE_KIND) {
        PyErr_Format(PyExc_ValueError, "%s must hold Latin-1 characters only, got %R", what,
                     object);
        return false;
    }
    view = {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(object)),
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(object))};
    return true;
}

bool refuse_control(std::string_view text, const char* what) {
    PyErr_Format(PyExc_ValueError, "%s holds a control character (\\x%02x)", what,
                 static_cast<unsigned char>(text[http::find_control(text, 0)]));
    return false;
}

bool refuse_field(Fault fault, PyObject* name_object, std::string_view value) {
    switch (fault) {
        case Fault::None:
            break;
        case Fault::Name:
            PyErr_Format(PyExc_ValueError, "%R is no valid header name", name_object);
            break;
        case Fault::ControlCharacter:
            return refuse_control(value, "a header value");
        case Fault::HopByHop:
            PyErr_Format(PyExc_ValueError,
                         "the hop-by-hop header '%U' is the server's business (PEP 3333)",
                         name_object);
            break;
        case Fault::ContentLength:
            PyErr_Format(PyExc_ValueError, "'%.*s' is no valid Content-Length",
                         static_cast<int>(value.size()), value.data());
            break;
    }
    return false;
}

bool start(http::ResponseHead& head, std::string_view protocol, PyObject* status) {
    std::string_view line;
    if (!latin1_view(status, "the status", line)) {
        return false;
    }
    if (http::find_control(line, 0) != line.size()) {
        return refuse_control(line, "the status");
    }
    if (!head.start(protocol, line)) {
        PyErr_SetString(PyExc_ValueError,
                        "the status must be three digits, a space and a reason, like '200 OK'");
        return false;
    }
    return true;
}

bool add_field(http::ResponseHead& head, PyObject* pair) {
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_Format(PyExc_TypeError, "each response header must be a (name, value) tuple, got %R",
                     pair);
        return false;
    }
    PyObject* const name_object = PyTuple_GET_ITEM(pair, 0);
    std::string_view name;
    std::string_view value;
    if (!latin1_view(name_object, "a header name", name) ||
        !latin1_view(PyTuple_GET_ITEM(pair, 1), "a header value", value)) {
        return false;
    }
    const Fault fault = head.add(name, value);
    return fault == Fault::None || refuse_field(fault, name_object, value);
}

}  // namespace

bool fill_head(http::ResponseHead& head, std::string_view protocol, PyObject* status,
               PyObject* headers) {
    if (!PyList_Check(headers)) {
        PyErr_Format(PyExc_TypeError, "the response headers must be a list, not %.100s",
                     Py_TYPE(headers)->tp_name);
        return false;
    }
    if (!start(head, protocol, status)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(headers); ++i) {
        if (!add_field(head, PyList_GET_ITEM(headers, i))) {
            head.clear();
            return false;
        }
    }
    return true;
}

}  // namespace geventd::py
