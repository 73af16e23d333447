// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <functional>
#include <string>

#include <pthread.h>

#include "config/settings.h"
#include "worker/process/own_descriptors.h"
#include "worker/python/base/interpreter.h"
#include "worker/python/base/ref.h"
#include "worker/requests/application.h"
#include "worker/serve/worker.h"

namespace geventd::py {

/// Where gevent's hub and the worker's loop meet: the hub watches the loop's epoll descriptor and
/// gives the worker a turn when something is ready; requests run in greenlets whose parent is the
/// hub; a greenlet that must wait for its connection switches to the hub and is switched back to
/// by the loop. The GIL is held through all of it; the blocking wait is gevent's, which releases
/// it.
///
/// Rules for code that greenlets run through (switching copies the C stack away):
///  1. Nothing that the loop, a list or another greenlet can reach lives on a greenlet's C stack.
///  2. No call that may switch inside a catch block, a destructor or while unwinding.
///  3. No C++ exception leaves a C entry point: a greenlet's first C++ frame is noexcept.
///  4. Functions that may switch say so; those that wait are named await_.
///
/// Lives in: worker, Python side. One a process, made in the process that serves, in its main
/// thread: before the worker's hooks, or when the application waits while it is loaded.
class HubBridge : public worker::Application {
  public:
    using Handler = std::function<void(worker::Request&)>;

    /// `handler` runs a whole request, in its greenlet. Throws PythonError when gevent fails.
    HubBridge(const Interpreter& python, worker::Worker& worker, config::GreenletKind kind,
              Handler handler, worker::OwnDescriptors& descriptors);
    HubBridge(const HubBridge&) = delete;
    HubBridge& operator=(const HubBridge&) = delete;
    ~HubBridge() override;

    /// Serves until the worker has drained. Called in the main greenlet. May switch. What gevent
    /// throws into this greenlet is logged. Throws PythonError when the hub has ended.
    void run();

    /// Runs a C function without arguments in a fresh greenlet, at once: returns when that has
    /// ended or waits. False with an exception when there can be none. May switch.
    bool launch(PyObject* function);

    [[nodiscard]] Ref current_greenlet() const;

    /// Whether the calling greenlet can be suspended. False with a RuntimeError that says that
    /// `what` cannot be waited for: in the hub itself, in another thread.
    bool can_wait(const char* what) const;

    void start(worker::Request& request) noexcept override;
    void cancel(worker::Request& request) noexcept override;
    void resume(worker::Waiter& waiter) noexcept override;
    void interrupt(worker::Greenlet* greenlet, worker::Interruption interruption) noexcept override;
    std::string stack_of(worker::Greenlet* greenlet) noexcept override;

    /// Suspends the calling greenlet until the loop resumes `waiter`, or another greenlet throws
    /// into it. False, with a Python exception set, when that happened or waiting is impossible
    /// here (the hub itself, another thread). `waiter` must not live on the stack.
    [[nodiscard]] bool await(worker::Waiter& waiter);

    /// The greenlet that runs now, borrowed; null in another thread than the hub's. The GIL is
    /// held.
    [[nodiscard]] const worker::Greenlet* running_greenlet() const;

    worker::Worker& worker() { return worker_; }

    /// gevent's hub, the main greenlet of its thread, and that thread.
    [[nodiscard]] PyObject* hub() const { return hub_.get(); }

    [[nodiscard]] PyObject* main() const { return main_.get(); }

    [[nodiscard]] pthread_t thread() const { return thread_; }

  private:
    void on_turn() noexcept;
    void run_request() noexcept;
    Ref make_greenlet(PyObject* function);
    void switch_to(PyObject* greenlet);

    const Interpreter& python_;
    worker::Worker& worker_;
    Handler handler_;
    worker::OwnDescriptors& descriptors_;
    pthread_t thread_;
    Ref hub_;
    Ref loop_;           ///< the hub's
    Ref error_handler_;  ///< the loop's, since the first turn
    Ref main_;
    Ref watcher_;
    Ref run_function_;
    Ref run_name_;  ///< "run"
    Ref kill_;
    Ref request_timeout_;
    Ref greenlet_exit_;
    Ref greenlet_class_;  ///< gevent.Greenlet; empty for raw ones
    worker::Request* starting_ = nullptr;
    bool guards_ = false;      ///< descriptors_ and errors, since the first turn
    bool main_waits_ = false;  ///< in run(), for the worker to drain
};

}  // namespace geventd::py
