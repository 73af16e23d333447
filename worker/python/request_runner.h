// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/applications.h"
#include "worker/python/ref.h"
#include "worker/python/wsgi/environ.h"
#include "worker/python/wsgi/response.h"
#include "worker/request.h"

namespace geventd::py {

/// Runs one WSGI request from environ to close(): calls the application, sends what it returns as
/// it is produced, and turns whatever goes wrong into the right end of the answer.
/// Lives in: worker, Python side. run() is called in the request's greenlet; may switch.
class RequestRunner {
  public:
    /// What is passed is borrowed for the object's life.
    /// Throws PythonError.
    RequestRunner(worker::Worker& worker, EnvironMaker& environs, const Applications& applications);

    void run(worker::Request& request) noexcept;

  private:
    bool await_answer(worker::Request& request, PyObject* start_response);
    bool await_result(worker::Request& request, PyObject* start_response, PyObject* result);
    http::Rejection explain(const worker::Request& request, PyObject* exception);
    void await_failure(worker::Request& request, PyObject* start_response);

    worker::Worker& worker_;
    EnvironMaker& environs_;
    const Applications& applications_;
    Ref greenlet_exit_;
};

}  // namespace geventd::py
