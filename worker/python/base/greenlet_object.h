// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/requests/greenlet.h"

namespace geventd::py {

// The only two places where a greenlet of the loop side becomes a Python object and back. Both
// borrow: whoever keeps the result for longer than the greenlet runs or waits needs a Ref.

/// The Python object of a greenlet; null for null.
inline PyObject* object_of(worker::Greenlet* greenlet) {
    return reinterpret_cast<PyObject*>(greenlet);
}

/// What the loop side may know of a greenlet object; null for null.
inline worker::Greenlet* greenlet_of(PyObject* object) {
    return reinterpret_cast<worker::Greenlet*>(object);
}

}  // namespace geventd::py
