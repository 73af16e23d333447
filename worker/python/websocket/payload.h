// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <cstddef>
#include <string_view>

namespace geventd::py {

/// What is sent: a str as its UTF-8, or an object with bytes. Keeps it while greenlets switch.
/// Lives in: worker, Python side. GIL held.
class Payload {
  public:
    Payload() = default;
    Payload(const Payload&) = delete;
    Payload& operator=(const Payload&) = delete;

    ~Payload() {
        if (has_buffer_) {
            PyBuffer_Release(&buffer_);
        }
    }

    /// False with a Python exception set.
    bool take(PyObject* object) {
        if (PyUnicode_Check(object)) {
            Py_ssize_t size = 0;
            const char* utf8 = PyUnicode_AsUTF8AndSize(object, &size);
            is_text_ = true;
            bytes_ = {utf8, utf8 == nullptr ? 0 : static_cast<std::size_t>(size)};
            return utf8 != nullptr;
        }
        if (PyObject_CheckBuffer(object) == 0) {
            PyErr_Format(PyExc_TypeError, "a message is str or bytes, not %.100s",
                         Py_TYPE(object)->tp_name);
            return false;
        }
        has_buffer_ = PyObject_GetBuffer(object, &buffer_, PyBUF_SIMPLE) == 0;
        if (has_buffer_) {
            bytes_ = {static_cast<const char*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
        }
        return has_buffer_;
    }

    [[nodiscard]] bool is_text() const { return is_text_; }

    [[nodiscard]] std::string_view bytes() const { return bytes_; }

  private:
    Py_buffer buffer_{};
    std::string_view bytes_;
    bool has_buffer_ = false;
    bool is_text_ = false;
};

}  // namespace geventd::py
