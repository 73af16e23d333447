// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

namespace geventd::py {

/// Holds the GIL, in any thread; waits for it as long as it takes.
class Gil {
  public:
    Gil() : state_(PyGILState_Ensure()) {}

    Gil(const Gil&) = delete;
    Gil& operator=(const Gil&) = delete;

    ~Gil() { PyGILState_Release(state_); }

  private:
    PyGILState_STATE state_;
};

/// Releases the GIL while this object lives.
class GilPause {
  public:
    GilPause() : thread_(PyEval_SaveThread()) {}

    GilPause(const GilPause&) = delete;
    GilPause& operator=(const GilPause&) = delete;

    ~GilPause() { PyEval_RestoreThread(thread_); }

  private:
    PyThreadState* thread_;
};

/// Switches the garbage collector off, so that no finalizers of the application run. The GIL must
/// be held as long as this object lives.
class [[maybe_unused]] NoCollection {
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
