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

/// workers.time-slice: while a request computes, CPython calls this handler at the request's next
/// safe point twice in a slice. The second call in a row that finds the same greenlet, without a
/// poll of the hub between them, suspends it: the hub turns before it goes on. So many that compute
/// a little within one pass of the hub are left alone. What the hub throws into the request
/// meanwhile is raised there.
/// Lives in: worker, Python side, in the thread of the hub; never destroyed, as Python keeps the
/// handler. Made only when the setting is on. Does nothing in processes that the application forks,
/// where the ticker's thread does not exist.
class Slices {
  public:
    /// Throws PythonError, or std::runtime_error with a sentence.
    Slices(HubBridge& bridge, Places::Runners runners, const config::Workers& settings);
    Slices(const Slices&) = delete;
    Slices& operator=(const Slices&) = delete;
    ~Slices() = default;

    [[nodiscard]] AtomicSections& sections() { return sections_; }

    /// The application is done with the request, whose greenlet runs.
    void request_ended(const worker::Request& request) { sections_.forget(request.runner); }

    /// From here on nothing is suspended any more. Before the process ends: joins the thread.
    void end() { ticker_.reset(); }

  private:
    Ref make_handler();
    [[nodiscard]] Ticker* ticker() noexcept;
    void on_poll() noexcept;
    void turned() noexcept;
    [[nodiscard]] bool is_seen_again() noexcept;
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
    Ref watcher_;                             ///< called after each poll
    const worker::Greenlet* seen_ = nullptr;  ///< by the last call; null: the hub has turned since
};

}  // namespace geventd::py
