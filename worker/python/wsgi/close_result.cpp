// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/close_result.h"

#include "log/logger.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

/// Code that runs while this lives sees a fetched exception as one that is being handled.
class HandledException {
  public:
    HandledException(PyObject*& type, PyObject*& value, PyObject*& traceback)
        : is_set_(type != nullptr) {
        if (is_set_) {
            PyErr_NormalizeException(&type, &value, &traceback);
            if (traceback != nullptr) {
                PyException_SetTraceback(value, traceback);
            }
            PyErr_GetExcInfo(&former_.type, &former_.value, &former_.traceback);
            PyErr_SetExcInfo(Ref::borrow(type).release(), Ref::borrow(value).release(),
                             Ref::borrow(traceback).release());
        }
    }

    HandledException(const HandledException&) = delete;
    HandledException& operator=(const HandledException&) = delete;

    ~HandledException() {
        if (is_set_) {
            PyErr_SetExcInfo(former_.type, former_.value, former_.traceback);
        }
    }

  private:
    struct Parts {
        PyObject* type = nullptr;
        PyObject* value = nullptr;
        PyObject* traceback = nullptr;
    };

    const bool is_set_;
    Parts former_;
};

}  // namespace

void await_close(const Interpreter& python, const worker::Request& request, PyObject* result) {
    PyObject* type = nullptr;
    PyObject* value = nullptr;
    PyObject* traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    const HandledException handled(type, value, traceback);
    const Ref close = Ref::steal(PyObject_GetAttrString(result, "close"));
    if (close) {
        const Ref closed = Ref::steal(PyObject_CallNoArgs(close.get()));
        python.end_if_forked();
    } else {
        PyErr_Clear();
    }
    if (const Ref exception = take_exception()) {
        log::error("{} {}: close() of the response failed:\n{}", request.head.method,
                   request.path_info, traceback_text(exception.get()));
    }
    PyErr_Restore(type, value, traceback);
}

}  // namespace geventd::py
