// SPDX-License-Identifier: MIT
#pragma once

#include "config/settings.h"

namespace geventd::py {

/// Who has brought this program and CPython together. Everything else works on a CPython that is
/// there, and does not know how it came about.
/// Lives in: template, worker, check. One a process, for its whole life.
class Host {
  public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual ~Host() = default;

    /// When this returns, CPython runs as `app` wants it (its interpreter, working directory and
    /// environment), the module geventd can be imported, and the calling thread holds the GIL.
    /// Called once. Throws std::runtime_error with a sentence, or ErrnoError.
    virtual void start(const config::App& app) = 0;
};

}  // namespace geventd::py
