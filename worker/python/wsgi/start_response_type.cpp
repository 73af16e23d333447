// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/start_response_type.h"

#include <cstddef>
#include <new>

#include <structmember.h>

#include "worker/process/forked.h"
#include "worker/python/base/error.h"
#include "worker/python/wsgi/block.h"

namespace geventd::py {

namespace {

struct StartResponse {
    PyObject_HEAD vectorcallfunc vectorcall;
    Response response;
};

StartResponse* as_start_response(PyObject* self) {
    return reinterpret_cast<StartResponse*>(self);
}

// Raises what the application has caught, as far as the tuple holds an exception.
void raise_again(PyObject* exc_info) {
    PyObject* const type = PyTuple_GET_ITEM(exc_info, 0);
    PyObject* const value = PyTuple_GET_ITEM(exc_info, 1);
    PyObject* const traceback = PyTuple_GET_ITEM(exc_info, 2);
    if (!PyExceptionClass_Check(type) || (traceback != Py_None && !PyTraceBack_Check(traceback))) {
        PyErr_Format(PyExc_TypeError,
                     "the answer has begun, so the exception of exc_info is to be raised, but "
                     "there is none in (%R, %R, %R)",
                     type, value, traceback);
        return;
    }
    PyErr_Restore(Ref::borrow(type).release(),
                  Ref::borrow(value == Py_None ? nullptr : value).release(),
                  Ref::borrow(traceback == Py_None ? nullptr : traceback).release());
}

// PEP 3333: a second call needs exc_info; if the head is sent already, that is raised. So it is
// once the request has ended: the head is then the server's, which may only be looking for the file
// that the application has named.
bool may_call(const Response& response, PyObject* exc_info) {
    if (exc_info == nullptr || exc_info == Py_None) {
        if (response.head_set()) {
            PyErr_SetString(PyExc_AssertionError,
                            "start_response was called again without exc_info");
            return false;
        }
        return true;
    }
    if (!PyTuple_Check(exc_info) || PyTuple_GET_SIZE(exc_info) != 3) {
        PyErr_SetString(PyExc_TypeError, "exc_info must be a tuple as sys.exc_info() returns it");
        return false;
    }
    if (response.head_sent() || response.has_ended()) {
        raise_again(exc_info);
        return false;
    }
    return true;
}

PyObject* write_bytes(PyObject* self, PyObject* data) noexcept {
    if (!is_block(data)) {
        return PyErr_Format(PyExc_TypeError, "write() takes bytes, not %.100s",
                            Py_TYPE(data)->tp_name);
    }
    if (worker::is_forked_child()) {
        Py_RETURN_NONE;  // a forked child does not answer: only the worker does
    }
    const Ref bytes = block_bytes(data);
    if (!bytes || !as_start_response(self)->response.await_send(bytes.get())) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyMethodDef write_method{"write", write_bytes, METH_O, "write(bytes): sends some of the body."};

PyObject* early_hints(PyObject* self, PyObject* headers) noexcept {
    if (!worker::is_forked_child() &&
        !as_start_response(self)->response.await_early_hints(headers)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyMethodDef early_hints_method{
    "early_hints", early_hints, METH_O,
    "early_hints(headers): sends a list of headers ahead of the answer, with status 103."};

PyObject* call(PyObject* self, PyObject* const* args, std::size_t flags, PyObject* names) noexcept {
    const Py_ssize_t positional = PyVectorcall_NARGS(flags);
    PyObject* exc_info = positional > 2 ? args[2] : nullptr;
    if (names != nullptr && PyTuple_GET_SIZE(names) == 1 && positional == 2 &&
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "exc_info") == 0) {
        exc_info = args[2];
    } else if (positional < 2 || positional > 3 ||
               (names != nullptr && PyTuple_GET_SIZE(names) > 0)) {
        return PyErr_Format(PyExc_TypeError,
                            "start_response takes (status, headers, exc_info=None)");
    }
    Response& response = as_start_response(self)->response;
    if (response.request().left_core) {
        response.note_unsent_status(args[0]);
    } else if (!response.is_refusal() &&
               (!may_call(response, exc_info) || !response.set_head(args[0], args[1]))) {
        return nullptr;
    }
    return PyCFunction_New(&write_method, self);
}

void dealloc(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    as_start_response(self)->response.~Response();
    type->tp_free(self);
    Py_DECREF(type);
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, sizeof(PyObject), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, members},
    {0, nullptr},
};

PyType_Spec spec{"geventd.StartResponse", sizeof(StartResponse), 0,
                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

StartResponseType::StartResponseType(HubBridge& bridge) : bridge_(bridge), type_(made_type(spec)) {}

Ref StartResponseType::make(worker::Request& request) const {
    auto* const type = reinterpret_cast<PyTypeObject*>(type_.get());
    PyObject* object = type->tp_alloc(type, 0);
    if (object != nullptr) {
        as_start_response(object)->vectorcall = call;
        new (&as_start_response(object)->response) Response(bridge_, worker::RequestRef(request));
    }
    return Ref::steal(object);
}

Ref make_early_hints(PyObject* start_response) {
    return Ref::steal(PyCFunction_New(&early_hints_method, start_response));
}

Response& response_of(PyObject* start_response) {
    return as_start_response(start_response)->response;
}

}  // namespace geventd::py
