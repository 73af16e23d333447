// SPDX-License-Identifier: MIT
#include "worker/python/base/error.h"

#include <utility>

#include <fmt/core.h>

#include "base/excerpt.h"

namespace geventd::py {

namespace {

// How much of an exception's text and traceback is kept: an application can make them any length
// (an SQL statement with all its values). The beginning has the first calls, the end has the last
// calls and the exception.
constexpr std::size_t kMostText = std::size_t{32} << 10;

// A list of lines as one text, without the last newline.
std::string joined(PyObject* lines) {
    const Ref empty = Ref::steal(PyUnicode_FromString(""));
    const Ref whole = empty ? Ref::steal(PyUnicode_Join(empty.get(), lines)) : Ref();
    std::string text = shown_text(whole.get());
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text;
}

}  // namespace

std::string shown_text(PyObject* text) {
    // File names may hold lone surrogates, which cannot be encoded in UTF-8.
    const Ref bytes = text != nullptr && PyUnicode_Check(text)
                          ? Ref::steal(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"))
                          : Ref();
    if (!bytes) {
        PyErr_Clear();
        return "(an exception whose text cannot be shown)";
    }
    return excerpt(
        {PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))},
        kMostText);
}

Ref take_exception() {
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    if (type == nullptr) {
        return {};
    }
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != nullptr) {
        PyException_SetTraceback(value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return Ref::steal(value);
}

std::string traceback_text(PyObject* exception) {
    const Ref module = Ref::steal(PyImport_ImportModule("traceback"));
    if (module) {
        const Ref traceback = Ref::steal(PyException_GetTraceback(exception));
        const Ref lines =
            Ref::steal(PyObject_CallMethod(module.get(), "format_exception", "OOO",
                                           reinterpret_cast<PyObject*>(Py_TYPE(exception)),
                                           exception, traceback ? traceback.get() : Py_None));
        if (lines) {
            return joined(lines.get());
        }
    }
    PyErr_Clear();
    return exception_text(exception);
}

std::string exception_place(PyObject* exception) {
    Ref traceback = Ref::steal(PyException_GetTraceback(exception));
    if (!traceback) {
        return "";
    }
    const auto get = [](const Ref& object, const char* name) {
        return object ? Ref::steal(PyObject_GetAttrString(object.get(), name)) : Ref();
    };
    for (Ref next = get(traceback, "tb_next"); next && next.get() != Py_None;
         next = get(traceback, "tb_next")) {
        traceback = std::move(next);
    }
    const Ref line = get(traceback, "tb_lineno");
    const Ref file = get(get(get(traceback, "tb_frame"), "f_code"), "co_filename");
    const auto number = line ? PyLong_AsLong(line.get()) : -1;
    const std::string name = shown_text(file.get());
    if (PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        return "";
    }
    return fmt::format("{}:{}", name, number);
}

std::string stack_text(PyObject* frame) {
    if (frame == Py_None) {
        return "(no Python code)";
    }
    const Ref module = Ref::steal(PyImport_ImportModule("traceback"));
    const Ref lines =
        module ? Ref::steal(PyObject_CallMethod(module.get(), "format_stack", "O", frame)) : Ref();
    if (!lines) {
        PyErr_Clear();
        return "(a stack that cannot be shown)";
    }
    return joined(lines.get());
}

std::string exception_text(PyObject* exception) {
    std::string text = Py_TYPE(exception)->tp_name;
    const Ref message = Ref::steal(PyObject_Str(exception));
    const std::string detail = shown_text(message.get());
    return detail.empty() ? text : text + ": " + detail;
}

void throw_pending() {
    const Ref exception = take_exception();
    throw PythonError(exception ? traceback_text(exception.get()) : "an unknown Python error");
}

Ref checked(PyObject* new_reference) {
    if (new_reference == nullptr) {
        throw_pending();
    }
    return Ref::steal(new_reference);
}

Ref made_type(PyType_Spec& spec) {
    Ref type = checked(PyType_FromSpec(&spec));
    reinterpret_cast<PyTypeObject*>(type.get())->tp_new = nullptr;
    return type;
}

Ref imported(const char* module, const char* name) {
    Ref result = checked(PyImport_ImportModule(module));
    if (name != nullptr) {
        result = checked(PyObject_GetAttrString(result.get(), name));
    }
    return result;
}

}  // namespace geventd::py
