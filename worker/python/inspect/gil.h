// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

namespace geventd::py {

/// Holds the GIL, in a thread that Python need not know; waits for it as long as it takes.
class Gil {
  public:
    Gil() : state_(PyGILState_Ensure()) {}

    Gil(const Gil&) = delete;
    Gil& operator=(const Gil&) = delete;

    ~Gil() { PyGILState_Release(state_); }

  private:
    PyGILState_STATE state_;
};

/// Gives the GIL to others meanwhile.
class GilPause {
  public:
    GilPause() : thread_(PyEval_SaveThread()) {}

    GilPause(const GilPause&) = delete;
    GilPause& operator=(const GilPause&) = delete;

    ~GilPause() { PyEval_RestoreThread(thread_); }

  private:
    PyThreadState* thread_;
};

/// Keeps the garbage collector, and so finalizers of the application, out of a stretch of code
/// during which the GIL is held.
class NoCollection {
  public:
#if PY_VERSION_HEX >= 0x030A0000
    NoCollection() : was_enabled_(PyGC_Disable() != 0) {}

    ~NoCollection() {
        if (was_enabled_) {
            PyGC_Enable();
        }
    }
#else
    NoCollection() = default;
    ~NoCollection() = default;
#endif

    NoCollection(const NoCollection&) = delete;
    NoCollection& operator=(const NoCollection&) = delete;

  private:
    [[maybe_unused]] bool was_enabled_ = false;
};

}  // namespace geventd::py
