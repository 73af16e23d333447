// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/process/forked_child.h"
#include "worker/python/base/process_title.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

/// Has every process that the application forks become one of its own: no server
/// (worker/process/forked_child.h), with a hub in which nothing goes on but what called fork()
/// (py/forked.py). Where C code forks without telling Python, the latter is done as soon as Python
/// code runs in the main thread there.
/// Lives in: template, worker, check; made before the application is loaded, for the process' life:
/// hooks of Python and of the C library point to it.
class ForkWatch final : private worker::ForkListener {
  public:
    /// `leave` ends a process as CPython ends one; `title` is borrowed. Throws PythonError and
    /// ErrnoError.
    ForkWatch(const Ref& leave, ProcessTitle& title);
    ForkWatch(const ForkWatch&) = delete;
    ForkWatch& operator=(const ForkWatch&) = delete;
    ~ForkWatch() = default;

    /// In a process that the application forked, whose code has returned to the server: ends that
    /// process, with the pending exception as python3 ends, else as after the last line of a
    /// program. The GIL is held.
    [[noreturn]] void end_child() const noexcept;

  private:
    void before_fork() noexcept;
    void after_fork_in_parent() noexcept;
    void after_fork_in_child() noexcept;
    static int prepare_later(void* self) noexcept;

    void on_forked_child() noexcept override;
    void register_hooks();
    void prepare() const noexcept;

    ProcessTitle& title_;
    Ref prepare_;  ///< of forked.py
    Ref end_;
    bool python_forks_ = false;  ///< Python's own fork() is on its way and will tell us
};

}  // namespace geventd::py
