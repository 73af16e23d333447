// SPDX-License-Identifier: MIT
// geventd._worker: the worker program as a module of the package geventd, for an interpreter that
// executes the package's worker.py. Only the master does so.
#include <Python.h>

#include "worker/python/api/api.h"
#include "worker/python/base/ref.h"
#include "worker/python/host/present_host.h"
#include "worker/python/process/program.h"

namespace {

using geventd::py::Ref;

// Returns only by ending the process.
PyObject* serve(PyObject* module, PyObject*) noexcept {
    geventd::py::PresentHost host(Ref::borrow(module));
    geventd::py::run_program(host);
}

PyMethodDef functions[] = {
    {"_serve", serve, METH_NOARGS, "Follows the master's orders until the process ends."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

PyMODINIT_FUNC PyInit__worker() {
    Ref module = Ref::steal(geventd::py::make_module());
    if (!module || PyModule_AddFunctions(module.get(), functions) < 0) {
        return nullptr;
    }
    return module.release();
}
