// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

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
    /// `application` is the WSGI callable; both references are borrowed for the object's life.
    RequestRunner(worker::Worker& worker, EnvironMaker& environs, PyObject* application)
        : worker_(worker), environs_(environs), application_(application) {}

    void run(worker::Request& request) noexcept;

  private:
    bool await_answer(worker::Request& request, PyObject* start_response);
    void await_failure(worker::Request& request, PyObject* start_response);

    worker::Worker& worker_;
    EnvironMaker& environs_;
    PyObject* application_;
};

}  // namespace geventd::py
