// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <stdexcept>
#include <string>

#include "worker/python/base/ref.h"

namespace geventd::py {

/// A Python exception that stopped the start of a process: what() is its traceback. Thrown only
/// while booting and loading; requests handle Python errors in place, because no C++ exception may
/// cross a greenlet switch.
class PythonError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The pending exception as an object, cleared from the thread; empty when there is none.
Ref take_exception();

/// The text of an exception, shortened to 32 KiB with a note of how much was left out. Lone
/// surrogates become `\udc80`.
std::string shown_text(PyObject* text);

/// The traceback of an exception object as Python prints it, without the last newline.
std::string traceback_text(PyObject* exception);

/// "ValueError: no such thing", without a traceback.
std::string exception_text(PyObject* exception);

/// The "file:line" that raised an exception; "" when it has no traceback.
std::string exception_place(PyObject* exception);

/// The lines of a stack trace, the innermost call last; "(no Python code)" for None.
std::string stack_text(PyObject* frame);

/// Throws PythonError for the pending exception.
[[noreturn]] void throw_pending();

/// Takes ownership of the object; throws PythonError when it is null. Boot phase only.
Ref checked(PyObject* new_reference);

/// A type whose objects only our own code makes: Python cannot call it. Throws PythonError.
Ref made_type(PyType_Spec& spec);

/// Imports a module, or a name from it: imported("gevent.hub", "get_hub"). Boot phase only.
Ref imported(const char* module, const char* name = nullptr);

}  // namespace geventd::py
