// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "base/clock.h"
#include "worker/python/base/ref.h"
#include "worker/python/wsgi/request_runner.h"

namespace geventd::py {

/// Measures how long the greenlets of requests are on the CPU (Request::Times::cpu), for ${cpu} in
/// the access log: looks at the thread's clock at each switch of greenlets. Calls a trace function
/// that was set before. Made only when the access log asks for it.
/// Lives in: worker, Python side, in the thread of the hub; never destroyed, as greenlet keeps it.
class CpuTimes {
  public:
    /// Throws PythonError.
    explicit CpuTimes(const RequestRunner& runner);
    CpuTimes(const CpuTimes&) = delete;
    CpuTimes& operator=(const CpuTimes&) = delete;
    ~CpuTimes() = default;

    /// The application is done with the request, whose greenlet runs.
    void request_ended(const worker::Request& request) noexcept { left(request.runner); }

  private:
    void left(const worker::Greenlet* greenlet) noexcept;
    [[nodiscard]] bool call_former(PyObject* arguments) const;

    const RequestRunner& runner_;
    Ref former_;      ///< the trace function before; None: there was none
    Duration since_;  ///< what the thread's clock showed at the last switch
};

}  // namespace geventd::py
