// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/file_wrapper_type.h"

#include <sys/stat.h>

#include <cstddef>
#include <initializer_list>
#include <utility>

#include <structmember.h>

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

constexpr Py_ssize_t kUsualBlock = 8192;

// Named as wsgiref names them. A block size that is None or no use is the usual one.
PyObject* wrapper_new(PyTypeObject* type, PyObject* args, PyObject* keywords) noexcept {
    static const char* names[] = {"filelike", "blksize", nullptr};
    PyObject* file = nullptr;
    PyObject* given = Py_None;
    if (PyArg_ParseTupleAndKeywords(args, keywords, "O|O:file_wrapper", const_cast<char**>(names),
                                    &file, &given) == 0) {
        return nullptr;
    }
    const Py_ssize_t block_size =
        given == Py_None ? kUsualBlock : PyNumber_AsSsize_t(given, PyExc_OverflowError);
    if (block_size == -1 && PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    PyObject* self = type->tp_alloc(type, 0);
    if (self != nullptr) {
        Py_INCREF(file);
        as_wrapper(self)->file = file;
        as_wrapper(self)->block_size = block_size > 0 ? block_size : kUsualBlock;
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
    if (block != nullptr && PyObject_IsTrue(block) != 1) {
        Py_CLEAR(block);  // null ends the iteration if there is no exception
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

PyMemberDef wrapper_members[] = {
    {"filelike", T_OBJECT, offsetof(FileWrapper, file), READONLY, "The file."},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot wrapper_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(wrapper_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(wrapper_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void*>(wrapper_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(wrapper_clear)},
    {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void*>(wrapper_next)},
    {Py_tp_methods, wrapper_methods},
    {Py_tp_members, wrapper_members},
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

bool is_exactly(PyObject* object, const Ref& type) {
    return reinterpret_cast<PyObject*>(Py_TYPE(object)) == type.get();
}

// Whether an application has put one of these methods into the object, beside those of its type.
bool has_own(PyObject* file, std::initializer_list<const char*> methods) {
    const Ref dict = Ref::steal(PyObject_GetAttrString(file, "__dict__"));
    if (!dict || !PyDict_Check(dict.get())) {
        PyErr_Clear();
        return true;
    }
    for (const char* method : methods) {
        if (PyDict_GetItemString(dict.get(), method) != nullptr) {
            return true;
        }
    }
    return false;
}

bool reads_as_its_type(PyObject* file) {
    return !has_own(file, {"read", "readinto", "readall", "readable", "tell", "fileno", "flush"});
}

// Whether the object is what tempfile wraps around its files, and reads what the file reads. Where
// nobody has imported tempfile, there is none.
bool is_temporary(PyObject* file) {
    PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "tempfile");
    const Ref type = module != nullptr
                         ? Ref::steal(PyObject_GetAttrString(module, "_TemporaryFileWrapper"))
                         : Ref();
    PyErr_Clear();
    return type && is_exactly(file, type) && !has_own(file, {"read"});
}

}  // namespace

FileWrapperType::FileWrapperType()
    : type_(checked(PyType_FromSpec(&wrapper_spec))),
      file_io_(imported("_io", "FileIO")),
      buffered_reader_(imported("_io", "BufferedReader")),
      buffered_random_(imported("_io", "BufferedRandom")) {}

// Exact types only: a subclass may read something else. So may a buffer over something else than a
// file (gzip).
bool FileWrapperType::is_plain(PyObject* file) const {
    if (is_exactly(file, file_io_)) {
        return reads_as_its_type(file);
    }
    if (!is_exactly(file, buffered_reader_) && !is_exactly(file, buffered_random_)) {
        return false;
    }
    const Ref raw = Ref::steal(PyObject_GetAttrString(file, "raw"));
    PyErr_Clear();
    return raw && is_exactly(raw.get(), file_io_) && reads_as_its_type(raw.get()) &&
           reads_as_its_type(file);
}

Ref FileWrapperType::plain_file(PyObject* file) const {
    if (is_plain(file)) {
        return Ref::borrow(file);
    }
    if (!is_temporary(file)) {
        return {};
    }
    Ref inner = Ref::steal(PyObject_GetAttrString(file, "file"));
    PyErr_Clear();
    return inner && is_plain(inner.get()) ? std::move(inner) : Ref();
}

std::optional<SendableFile> FileWrapperType::sendable(PyObject* object) const {
    if (!is_exactly(object, type_)) {
        return std::nullopt;
    }
    const Ref file = plain_file(as_wrapper(object)->file);
    if (!file || number_of(file.get(), "readable") != 1) {
        return std::nullopt;
    }
    if (is_exactly(file.get(), buffered_random_)) {
        // What was written may be in the buffer only.
        const Ref flushed = Ref::steal(PyObject_CallMethod(file.get(), "flush", nullptr));
        PyErr_Clear();
        if (!flushed) {
            return std::nullopt;
        }
    }
    const auto fd = number_of(file.get(), "fileno");
    const auto position = fd ? number_of(file.get(), "tell") : std::nullopt;

    struct stat status {};

    if (!position || ::fstat(static_cast<int>(*fd), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    if (status.st_size <= *position) {
        return std::nullopt;  // the kernel's own files (/proc) tell no size, and can be read
    }
    return SendableFile{static_cast<int>(*fd), static_cast<off_t>(*position),
                        static_cast<std::uint64_t>(status.st_size - *position)};
}

}  // namespace geventd::py
