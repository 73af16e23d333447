// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/input_type.h"

#include <algorithm>
#include <new>
#include <optional>
#include <string>

#include "worker/process/forked.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

using worker::Exchange;
using worker::RequestRef;

constexpr std::size_t kReadAhead = 64 << 10;

// Above this, a read() to the end does not trust Content-Length: its buffer grows as bytes arrive.
constexpr std::uint64_t kTrustedLength = 64 << 20;

struct Input {
    PyObject_HEAD const InputType* type;
    RequestRef request;  // empty: there is no body
};

Input* as_input(PyObject* self) {
    return reinterpret_cast<Input*>(self);
}

// As InputType::await_some().
Py_ssize_t await_some(Input* self, char* into, std::size_t room) {
    return self->request ? self->type->await_some(*self->request, into, room) : 0;
}

// A read that is interrupted, as by gevent.Timeout, loses nothing: the next one begins anew.
void put_back(Input* self, const char* bytes, Py_ssize_t size) noexcept {
    if (!self->request || size == 0 || self->request->exchange == nullptr ||
        self->request->exchange->broken() || self->request->body.rejection().status != 0) {
        return;  // nothing more can be read
    }
    try {
        self->request->body.put_back({bytes, static_cast<std::size_t>(size)});
    } catch (const std::bad_alloc&) {  // the exception of the read says enough
    }
}

// Reads exactly `size` bytes, fewer only if the body ends.
PyObject* await_exactly(Input* self, Py_ssize_t size) {
    PyObject* result = PyBytes_FromStringAndSize(nullptr, size);
    Py_ssize_t done = 0;
    while (result != nullptr && done < size) {
        const Py_ssize_t got = await_some(self, PyBytes_AS_STRING(result) + done,
                                          static_cast<std::size_t>(size - done));
        if (got < 0) {
            put_back(self, PyBytes_AS_STRING(result), done);
            Py_CLEAR(result);
        } else if (got == 0) {
            _PyBytes_Resize(&result, done);
            return result;
        } else {
            done += got;
        }
    }
    return result;
}

// Reads at most `most` bytes of a body without a length. The buffer doubles, so copying is not
// quadratic, and no more is allocated than arrives.
PyObject* await_growing(Input* self, Py_ssize_t most) {
    PyObject* result = PyBytes_FromStringAndSize(nullptr, std::min<Py_ssize_t>(most, kReadAhead));
    Py_ssize_t done = 0;
    while (result != nullptr && done < most) {
        if (done == PyBytes_GET_SIZE(result) &&
            _PyBytes_Resize(&result, most / 2 < done ? most : done * 2) < 0) {
            return nullptr;
        }
        const Py_ssize_t got =
            await_some(self, PyBytes_AS_STRING(result) + done,
                       static_cast<std::size_t>(PyBytes_GET_SIZE(result) - done));
        if (got < 0) {
            put_back(self, PyBytes_AS_STRING(result), done);
            Py_CLEAR(result);
        } else if (got == 0) {
            _PyBytes_Resize(&result, done);
            return result;
        } else {
            done += got;
        }
    }
    return result;
}

// How many bytes are left to read; nullopt when nobody knows.
std::optional<std::uint64_t> bytes_left(const Input* self) {
    if (!self->request) {
        return 0;
    }
    const worker::Body& body = self->request->body;
    if (body.remaining() == 0 && !body.complete()) {
        return std::nullopt;
    }
    return body.buffered() + body.remaining();
}

PyObject* await_all(Input* self) {
    const std::optional<std::uint64_t> left = bytes_left(self);
    if (left && *left <= kTrustedLength) {
        return await_exactly(self, static_cast<Py_ssize_t>(*left));
    }
    return await_growing(self, PY_SSIZE_T_MAX);
}

// The only argument of a read, which may be given by `name`. -1: none, or None. False with an
// exception.
bool parse_size(PyObject* args, PyObject* kwargs, const char* format, const char* name,
                Py_ssize_t& size) {
    const char* const names[] = {name, nullptr};
    PyObject* given = Py_None;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, format, const_cast<char**>(names), &given) == 0) {
        return false;
    }
    size = given == Py_None ? -1 : PyNumber_AsSsize_t(given, PyExc_OverflowError);
    return size != -1 || PyErr_Occurred() == nullptr;
}

PyObject* input_read(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    Py_ssize_t size = -1;
    if (!parse_size(args, kwargs, "|O:read", "size", size)) {
        return nullptr;
    }
    if (size < 0) {
        return await_all(as_input(self));
    }
    const std::optional<std::uint64_t> left = bytes_left(as_input(self));
    if (!left) {
        return await_growing(as_input(self), size);
    }
    // Allocates no more than can arrive.
    size = static_cast<Py_ssize_t>(std::min(static_cast<std::uint64_t>(size), *left));
    return await_exactly(as_input(self), size);
}

// The next line of at most `limit` bytes (-1: any); empty at the end.
PyObject* await_line(Input* self, Py_ssize_t limit) {
    std::string line;
    const auto most = limit < 0 ? std::string::npos : static_cast<std::size_t>(limit);
    std::string block(std::min(most, std::size_t{8192}), '\0');
    while (line.size() < most) {
        const Py_ssize_t got =
            await_some(self, block.data(), std::min(block.size(), most - line.size()));
        if (got < 0) {
            put_back(self, line.data(), static_cast<Py_ssize_t>(line.size()));
            return nullptr;
        }
        if (got == 0) {
            break;
        }
        const std::string_view bytes(block.data(), static_cast<std::size_t>(got));
        const std::size_t newline = bytes.find('\n');
        line.append(bytes.substr(0, newline == std::string_view::npos ? newline : newline + 1));
        if (newline != std::string_view::npos) {
            self->request->body.put_back(bytes.substr(newline + 1));
            break;
        }
    }
    return PyBytes_FromStringAndSize(line.data(), static_cast<Py_ssize_t>(line.size()));
}

PyObject* input_readline(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    Py_ssize_t limit = -1;
    if (!parse_size(args, kwargs, "|O:readline", "size", limit)) {
        return nullptr;
    }
    return await_line(as_input(self), limit);
}

PyObject* input_readlines(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    Py_ssize_t hint = -1;
    if (!parse_size(args, kwargs, "|O:readlines", "hint", hint)) {
        return nullptr;
    }
    Ref lines = Ref::steal(PyList_New(0));
    Py_ssize_t total = 0;
    while (lines && (hint <= 0 || total < hint)) {
        const Ref line = Ref::steal(await_line(as_input(self), -1));
        if (!line) {
            return nullptr;
        }
        if (PyBytes_GET_SIZE(line.get()) == 0) {
            break;
        }
        total += PyBytes_GET_SIZE(line.get());
        if (PyList_Append(lines.get(), line.get()) < 0) {
            return nullptr;
        }
    }
    return lines.release();
}

PyObject* input_iternext(PyObject* self) noexcept {
    PyObject* line = await_line(as_input(self), -1);
    if (line != nullptr && PyBytes_GET_SIZE(line) == 0) {
        Py_CLEAR(line);  // null without an exception ends the iteration
    }
    return line;
}

PyObject* input_close(PyObject*, PyObject*) noexcept {
    Py_RETURN_NONE;
}

void input_dealloc(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    as_input(self)->request.~RequestRef();
    type->tp_free(self);
    Py_DECREF(type);
}

PyCFunction with_keywords(PyCFunctionWithKeywords function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef input_methods[] = {
    {"read", with_keywords(input_read), METH_VARARGS | METH_KEYWORDS, "read(size=-1) -> bytes"},
    {"readline", with_keywords(input_readline), METH_VARARGS | METH_KEYWORDS,
     "readline(size=-1) -> bytes"},
    {"readlines", with_keywords(input_readlines), METH_VARARGS | METH_KEYWORDS,
     "readlines(hint=-1) -> list of bytes"},
    {"close", input_close, METH_NOARGS, "Does nothing; the server owns the stream."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot input_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(input_dealloc)},
    {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void*>(input_iternext)},
    {Py_tp_methods, input_methods},
    {0, nullptr},
};

PyType_Spec input_spec{"geventd.Input", sizeof(Input), 0, Py_TPFLAGS_DEFAULT, input_slots};

}  // namespace

InputType::InputType(HubBridge& bridge)
    : bridge_(bridge),
      type_(made_type(input_spec)),
      error_(checked(PyErr_NewException("geventd.RequestBodyError", PyExc_OSError, nullptr))),
      empty_(checked(allocate({}).release())) {}

Ref InputType::allocate(RequestRef request) const {
    auto* const type = reinterpret_cast<PyTypeObject*>(type_.get());
    PyObject* object = type->tp_alloc(type, 0);
    if (object != nullptr) {
        as_input(object)->type = this;
        new (&as_input(object)->request) RequestRef(std::move(request));
    }
    return Ref::steal(object);
}

Ref InputType::make(worker::Request& request) const {
    if (request.head.body == http::BodyKind::None) {
        return empty_.copy();
    }
    return allocate(RequestRef(request));
}

Py_ssize_t InputType::read_some(worker::Request& request, char* into, std::size_t room) const {
    if (worker::is_forked_child() && request.body.buffered() == 0 && !request.body.complete()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "the rest of this request cannot be read in a process that the "
                        "application forked: its connection is the worker's");
        return -1;
    }
    if (request.exchange == nullptr) {
        PyErr_SetString(PyExc_ValueError, "read of wsgi.input after the request has ended");
        return -1;
    }
    std::size_t got = 0;
    switch (request.exchange->read_body(into, room, got)) {
        case Exchange::IoState::Done:
            return static_cast<Py_ssize_t>(got);
        case Exchange::IoState::Failed:
            set_error(request);
            return -1;
        case Exchange::IoState::Wait:
            break;
    }
    return kNothingYet;
}

Py_ssize_t InputType::await_some(worker::Request& request, char* into, std::size_t room) const {
    for (;;) {
        const Py_ssize_t got = read_some(request, into, room);
        if (got != kNothingYet) {
            return got;
        }
        request.exchange->await_readable();
        if (!bridge_.await(request.reader)) {
            if (request.exchange != nullptr) {
                request.exchange->stop_awaiting_readable();
            }
            return -1;
        }
    }
}

void InputType::set_error(const worker::Request& request) const {
    const http::Rejection& rejection = request.body.rejection();
    if (rejection.status == 0) {
        PyErr_SetString(PyExc_ConnectionResetError,
                        "the client left before its request was complete");
        return;
    }
    const Ref arguments = Ref::steal(Py_BuildValue(
        "(iN)", rejection.status,
        PyUnicode_FromStringAndSize(rejection.reason.data(),
                                    static_cast<Py_ssize_t>(rejection.reason.size()))));
    if (arguments) {
        PyErr_SetObject(error_.get(), arguments.get());
    }
}

int InputType::status_of_error(PyObject* exception) const {
    if (PyObject_TypeCheck(exception, reinterpret_cast<PyTypeObject*>(error_.get())) == 0) {
        return 0;
    }
    const Ref status = Ref::steal(PyObject_GetAttrString(exception, "errno"));
    const auto value = status ? PyLong_AsLong(status.get()) : -1;
    PyErr_Clear();
    return value > 0 ? static_cast<int>(value) : 400;
}

}  // namespace geventd::py
