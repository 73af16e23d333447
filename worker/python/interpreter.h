// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <vector>

#include "config/settings.h"
#include "worker/python/ref.h"

namespace geventd::py {

/// The process's one CPython, from a virtual environment or the system's, with the sys.path that
/// the settings ask for and the frame-stack cache in place. It is never finalised: processes leave
/// by leave(), because finalising under live greenlets and threads is what crashes.
/// Lives in: template, worker, check. Made once; the making thread holds the GIL from then on.
class Interpreter {
  public:
    /// Throws std::runtime_error with a sentence, or PythonError.
    explicit Interpreter(const config::App& app);

    /// A function of geventd's own Python, by its name: boot.py, fork.py, end.py.
    [[nodiscard]] Ref boot(const char* function) const;

    /// Ends the process as CPython ends one (end.py): atexit functions run, Python's streams are
    /// flushed. To be called in the main greenlet.
    [[noreturn]] void leave(int code) const noexcept;

  private:
    std::vector<Ref> boot_;  ///< the modules that geventd's own Python is made of
};

}  // namespace geventd::py
