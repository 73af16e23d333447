// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/ref.h"

namespace geventd::py {

/// A block is a part of an answer as applications may give it: bytes, or a bytearray or memoryview,
/// which WSGI does not know but gevent.pywsgi takes.
/// Lives in: worker, Python side. GIL held.
inline bool is_block(PyObject* object) {
    return PyBytes_Check(object) || PyByteArray_Check(object) || PyMemoryView_Check(object);
}

/// The bytes of a block, which nobody can change while they are sent: a copy of those that somebody
/// could. Empty with a Python exception set.
inline Ref block_bytes(PyObject* block) {
    return PyBytes_Check(block) ? Ref::borrow(block) : Ref::steal(PyBytes_FromObject(block));
}

}  // namespace geventd::py
