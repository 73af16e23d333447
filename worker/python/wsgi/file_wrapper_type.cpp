// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/file_wrapper_type.h"

#include <sys/stat.h>

#include <algorithm>

#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

struct FileWrapper {
    PyObject_HEAD PyObject* file;
    Py_ssize_t block_size;
};

FileWrapper* as_wrapper(PyObject* self) {
    return reinterpret_cast<FileWrapper*>(self);
}

PyObject* wrapper_new(PyTypeObject* type, PyObject* args, PyObject*) noexcept {
    PyObject* file = nullptr;
    Py_ssize_t block_size = 8192;
    if (!PyArg_ParseTuple(args, "O|n:file_wrapper", &file, &block_size)) {
        return nullptr;
    }
    PyObject* self = type->tp_alloc(type, 0);
    if (self != nullptr) {
        Py_INCREF(file);
        as_wrapper(self)->file = file;
        as_wrapper(self)->block_size = block_size > 0 ? block_size : 8192;
    }
    return self;
}

int wrapper_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    Py_VISIT(as_wrapper(self)->file);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

int wrapper_clear(PyObject* self) noexcept {
    Py_CLEAR(as_wrapper(self)->file);
    return 0;
}

void wrapper_dealloc(PyObject* self) noexcept {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    wrapper_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject* wrapper_next(PyObject* self) noexcept {
    PyObject* block =
        PyObject_CallMethod(as_wrapper(self)->file, "read", "n", as_wrapper(self)->block_size);
    if (block != nullptr && PyObject_IsTrue(block) == 0) {
        Py_CLEAR(block);  // null without an exception ends the iteration
    }
    return block;
}

// A file without close() is not closed.
PyObject* wrapper_close(PyObject* self, PyObject*) noexcept {
    const Ref close = Ref::steal(PyObject_GetAttrString(as_wrapper(self)->file, "close"));
    if (!close) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    return PyObject_CallNoArgs(close.get());
}

PyMethodDef wrapper_methods[] = {
    {"close", wrapper_close, METH_NOARGS, "Closes the file."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot wrapper_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(wrapper_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(wrapper_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void*>(wrapper_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(wrapper_clear)},
    {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void*>(wrapper_next)},
    {Py_tp_methods, wrapper_methods},
    {0, nullptr},
};

PyType_Spec wrapper_spec{"geventd.FileWrapper", sizeof(FileWrapper), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, wrapper_slots};

// The result of a method as a number; nullopt, without an exception, when there is none.
std::optional<std::int64_t> number_of(PyObject* object, const char* method) {
    const Ref result = Ref::steal(PyObject_CallMethod(object, method, nullptr));
    const std::int64_t number = result ? PyLong_AsLongLong(result.get()) : -1;
    if (PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        return std::nullopt;
    }
    return number;
}

// Only for plain binary files, the descriptor's bytes are what read() would return.
bool is_plain_file(PyObject* file) {
    const Ref io = Ref::steal(PyImport_ImportModule("io"));
    for (const char* name : {"BufferedReader", "BufferedRandom", "FileIO"}) {
        const Ref type = io ? Ref::steal(PyObject_GetAttrString(io.get(), name)) : Ref();
        if (type && reinterpret_cast<PyObject*>(Py_TYPE(file)) == type.get()) {
            // A BufferedReader of something else (gzip) is no plain file.
            if (PyObject_HasAttrString(file, "raw") == 0) {
                return true;
            }
            const Ref raw = Ref::steal(PyObject_GetAttrString(file, "raw"));
            const Ref file_io = Ref::steal(PyObject_GetAttrString(io.get(), "FileIO"));
            return raw && reinterpret_cast<PyObject*>(Py_TYPE(raw.get())) == file_io.get();
        }
    }
    PyErr_Clear();
    return false;
}

}  // namespace

FileWrapperType::FileWrapperType() : type_(checked(PyType_FromSpec(&wrapper_spec))) {}

std::optional<SendableFile> FileWrapperType::sendable(PyObject* object) const {
    if (reinterpret_cast<PyObject*>(Py_TYPE(object)) != type_.get()) {
        return std::nullopt;
    }
    PyObject* file = as_wrapper(object)->file;
    // tempfile wraps its files; take the file inside.
    const Ref inner = Ref::steal(PyObject_GetAttrString(file, "file"));
    PyErr_Clear();
    PyObject* plain = inner && is_plain_file(inner.get()) ? inner.get() : file;
    if (!is_plain_file(plain)) {
        return std::nullopt;
    }
    const auto fd = number_of(plain, "fileno");
    const auto position = fd ? number_of(plain, "tell") : std::nullopt;

    struct stat status {};

    if (!position || ::fstat(static_cast<int>(*fd), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return SendableFile{
        static_cast<int>(*fd), static_cast<off_t>(*position),
        static_cast<std::uint64_t>(std::max<std::int64_t>(status.st_size - *position, 0))};
}

}  // namespace geventd::py
