// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <vector>

#include "config/settings.h"
#include "worker/process/forked.h"
#include "worker/python/base/fork_watch.h"
#include "worker/python/base/process_title.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// The process's one CPython as geventd has set it up: its own Python (boot.py, fork.py, end.py, …)
/// is loaded, sys.path is what the settings ask for, and processes that the application forks are
/// taken care of. Who started CPython does not matter here (host.h). It is never finalised:
/// processes leave by leave(), because finalising under live greenlets and threads is what crashes.
/// Lives in: template, worker, check. Made once; the making thread holds the GIL from then on.
class Interpreter {
  public:
    /// CPython runs. `title` is borrowed for the process' life. Throws std::runtime_error with a
    /// sentence, or PythonError.
    Interpreter(const config::App& app, ProcessTitle& title);

    /// A function of geventd's own Python, by its name.
    [[nodiscard]] Ref boot(const char* function) const;

    /// Calls such a function; what it raises becomes a PythonError told by boot.describe().
    Ref call(const char* function, const Ref& argument = {}) const;

    /// The same for a step of the process' end, which what a Python handler of Unix signals raises
    /// at its first line, where it cannot catch that itself, does not break off. It may be called
    /// again then.
    Ref call_at_end(const char* function, const Ref& argument = {}) const;

    /// To be called where code of the application has returned to the server: ends a process that
    /// the application forked, and does nothing anywhere else. The GIL is held.
    void end_if_forked() const noexcept {
        if (worker::is_forked_child()) {
            forks_.end_child();
        }
    }

    /// Ends the process as CPython ends one (end.py): atexit functions run, Python's streams are
    /// flushed. To be called in the main greenlet.
    [[noreturn]] void leave(int code) const noexcept;

    /// The same for a process that serves nobody: threads and functions of atexit get a few
    /// seconds together.
    [[noreturn]] void leave_early(int code) const noexcept;

  private:
    [[nodiscard]] Ref told(Ref result) const;

    std::vector<Ref> boot_;  ///< the modules that geventd's own Python is made of
    ForkWatch forks_;
};

}  // namespace geventd::py
