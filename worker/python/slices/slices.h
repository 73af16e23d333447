// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <optional>

#include "config/settings.h"
#include "worker/python/api/atomic_sections.h"
#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/slices/c_stack.h"
#include "worker/python/slices/places.h"
#include "worker/python/slices/sliced_queue.h"
#include "worker/python/slices/tick_signal.h"
#include "worker/python/slices/ticker.h"

namespace geventd::py {

/// workers.time-slice: when a request has computed for a slice, CPython calls this handler at the
/// request's next safe point, and the hub turns before the request goes on. What the hub throws
/// into the request meanwhile is raised there.
/// Lives in: worker, Python side, in the thread of the hub; never destroyed, as Python keeps the
/// handler. Made only when the setting is on.
class Slices {
  public:
    /// Throws PythonError, or std::runtime_error with a sentence.
    Slices(HubBridge& bridge, Places::Runners runners, const config::Workers& settings);
    Slices(const Slices&) = delete;
    Slices& operator=(const Slices&) = delete;
    ~Slices() = default;

    [[nodiscard]] AtomicSections& sections() { return sections_; }

    /// From here on nothing is suspended any more. Before the process ends: joins the thread.
    void end() { ticker_.reset(); }

  private:
    Ref make_handler();
    void on_poll() noexcept;
    void show(const worker::Greenlet* greenlet) noexcept;
    [[nodiscard]] bool lets_suspend(PyObject* frame) noexcept;
    [[nodiscard]] bool await_turn(PyObject* frame) noexcept;

    HubBridge& bridge_;
    const RequestRunner& requests_;
    Duration slice_;
    AtomicSections sections_;
    Places places_;
    TickSignal signal_;
    CStack stack_;
    SlicedQueue queue_;
    std::optional<Ticker> ticker_;
    Ref watcher_;  ///< called after each poll
};

}  // namespace geventd::py
