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

    /// A function of geventd's own Python, by its name: boot.py, fork.py.
    [[nodiscard]] Ref boot(const char* function) const;

    /// Runs atexit handlers, flushes Python's streams and ends the process.
    [[noreturn]] void leave(int code) const;

  private:
    std::vector<Ref> boot_;  ///< the modules that geventd's own Python is made of
};

}  // namespace geventd::py
