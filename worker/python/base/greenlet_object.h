// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/requests/greenlet.h"

namespace geventd::py {

// The only conversions between the loop side's Greenlet and Python objects. The results are
// borrowed: to keep one for longer than the greenlet runs or waits, make a Ref.

/// The Python object of a greenlet; null for null.
inline PyObject* object_of(worker::Greenlet* greenlet) {
    return reinterpret_cast<PyObject*>(greenlet);
}

/// The loop side's pointer for a greenlet object; null for null.
inline worker::Greenlet* greenlet_of(PyObject* object) {
    return reinterpret_cast<worker::Greenlet*>(object);
}

}  // namespace geventd::py
