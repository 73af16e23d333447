// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <string>
#include <vector>

#include "worker/python/api/atomic_sections.h"
#include "worker/python/api/handler_runner.h"
#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/wsgi/request_runner.h"

namespace geventd::py {

/// Says by what runs in Python whether it can be suspended: which greenlet it is, whose code, and
/// what the application asks for.
/// Lives in: worker, Python side, in the thread of the hub. Never destroyed: Python's collector
/// calls it.
class Places {
  public:
    struct Runners {
        const RequestRunner& requests;
        const HandlerRunner& handlers;
    };

    /// `background`: greenlets of the application as well. Throws PythonError.
    Places(const HubBridge& bridge, Runners runners, const AtomicSections& sections,
           bool background);
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;
    ~Places() = default;

    /// Whether the greenlet that runs can be suspended, for the handler that was called in `frame`.
    [[nodiscard]] bool let_suspend(PyObject* frame) const noexcept;

    /// Whether it is to share its time: it runs a request or a handler, or background greenlets are
    /// to share theirs as well.
    [[nodiscard]] bool share_time() const noexcept;

  private:
    [[nodiscard]] bool is_of_ours(PyObject* frame) const;

    const HubBridge& bridge_;
    Runners runners_;
    const AtomicSections& sections_;
    bool background_;
    std::vector<std::string> own_;  ///< what the names of files of gevent and others begin with
    bool collects_ = false;         ///< Python's collector runs
};

}  // namespace geventd::py
