// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <vector>

#include "config/settings.h"
#include "worker/process/forked.h"
#include "worker/python/base/fork_watch.h"
#include "worker/python/base/process_title.h"
#include "worker/python/base/ref.h"
#include "worker/python/base/stack_chunks.h"

namespace geventd::py {

/// The process's one CPython, set up by geventd: loads geventd's own Python (boot.py, fork.py,
/// end.py, …), sets sys.path as the settings say, and watches for forks by the application. Works
/// with any host (host.h). Never finalised: processes end by leave(), because finalising CPython
/// while greenlets and threads live crashes.
/// Lives in: template, worker, check. Made once; the making thread holds the GIL from then on.
class Interpreter {
  public:
    /// CPython must run already. `title` is borrowed for the process' life. Throws
    /// std::runtime_error with a sentence, or PythonError.
    Interpreter(const config::App& app, ProcessTitle& title);

    /// A function of geventd's own Python, by its name.
    [[nodiscard]] Ref boot(const char* function) const;

    /// Calls such a function. An exception becomes a PythonError with the text of boot.describe().
    Ref call(const char* function, const Ref& argument = {}) const;

    /// The same for a step of the process' end. Calls it again if a Python handler of Unix signals
    /// raises where the function cannot catch that, as before its first line.
    Ref call_at_end(const char* function, const Ref& argument = {}) const;

    /// Called when code of the application has returned to the server: ends a process that the
    /// application forked; does nothing in others. The GIL is held.
    void end_if_forked() const noexcept {
        if (worker::is_forked_child()) {
            forks_.end_child();
        }
    }

    /// Ends the process as CPython does (end.py): runs atexit functions and flushes Python's
    /// streams. Called in the main greenlet.
    [[noreturn]] void leave(int code) const noexcept;

    /// The same for a process that does not serve: threads and atexit functions get a few seconds
    /// together.
    [[noreturn]] void leave_early(int code) const noexcept;

  private:
    [[nodiscard]] Ref told(Ref result) const;

    StackChunks chunks_;
    std::vector<Ref> boot_;  ///< the modules of geventd's own Python
    ForkWatch forks_;
};

}  // namespace geventd::py
