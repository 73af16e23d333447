// SPDX-License-Identifier: MIT
#pragma once

#include "config/settings.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// Starts CPython, or finds it running. Everything else works with a running CPython and does not
/// know how it was started.
/// Lives in: template, worker, check. One a process, for its whole life.
class Host {
  public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual ~Host() = default;

    /// Afterwards CPython runs, in the virtual environment of `app` if it has one, the module
    /// geventd can be imported, and the calling thread holds the GIL. Returns the native module
    /// behind geventd (api.h). Called once, in the working directory of the application. Throws
    /// std::runtime_error with a sentence, or PythonError.
    virtual Ref start(const config::App& app) = 0;
};

}  // namespace geventd::py
