// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <utility>

namespace geventd::py {

/// An owned reference to a Python object, or none. Every raw PyObject* that comes from CPython
/// passes through steal() (new references) or borrow() (borrowed ones); copies are spelled out.
/// The GIL must be held whenever a non-empty Ref is made, copied, reset or destroyed.
class Ref {
  public:
    Ref() = default;
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;

    Ref(Ref&& other) noexcept : object_(other.release()) {}

    Ref& operator=(Ref&& other) noexcept {
        PyObject* old = std::exchange(object_, other.release());
        Py_XDECREF(old);
        return *this;
    }

    ~Ref() { Py_XDECREF(object_); }

    static Ref steal(PyObject* object) {
        Ref ref;
        ref.object_ = object;
        return ref;
    }

    static Ref borrow(PyObject* object) {
        Py_XINCREF(object);
        return steal(object);
    }

    [[nodiscard]] Ref copy() const { return borrow(object_); }

    [[nodiscard]] PyObject* get() const { return object_; }

    [[nodiscard]] PyObject* release() { return std::exchange(object_, nullptr); }

    explicit operator bool() const { return object_ != nullptr; }

    void reset() { *this = Ref(); }

  private:
    PyObject* object_ = nullptr;
};

}  // namespace geventd::py
