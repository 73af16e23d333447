// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "event/timer.h"
#include "ipc/channel.h"
#include "worker/python/base/interpreter.h"

namespace geventd::py {

/// Tells the master the files of imported modules, each once, for app.reload-on-change. When the
/// application could not be loaded, those that its traceback names too, and where a module that was
/// not found would lie.
/// Lives in: template, worker.
class SourceReport {
  public:
    SourceReport(const Interpreter& python, ipc::Channel& channel)
        : python_(python), channel_(channel) {}

    SourceReport(const SourceReport&) = delete;
    SourceReport& operator=(const SourceReport&) = delete;
    ~SourceReport() = default;

    /// Sends what is new. Faults are logged.
    void send() noexcept;

    /// Sends again and again: requests import modules too.
    void keep_sending(event::DeadlineClock& clock);

  private:
    void send_all();
    void on_time() noexcept;

    const Interpreter& python_;
    ipc::Channel& channel_;
    std::optional<event::Timer> timer_;
};

}  // namespace geventd::py
