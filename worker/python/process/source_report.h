// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "event/timer.h"
#include "ipc/channel.h"
#include "worker/python/base/interpreter.h"

namespace geventd::py {

/// Reports the files of imported modules to the master, each once, for app.reload-on-change. If the
/// application could not be loaded, also the files in its traceback and the places where a missing
/// module is looked for.
/// Lives in: template, worker.
class SourceReport {
  public:
    SourceReport(const Interpreter& python, ipc::Channel& channel)
        : python_(python), channel_(channel) {}

    SourceReport(const SourceReport&) = delete;
    SourceReport& operator=(const SourceReport&) = delete;
    ~SourceReport() = default;

    /// Sends the new files. Failures are logged.
    void send() noexcept;

    /// Sends repeatedly from now on, because requests import modules, too.
    void keep_sending(event::DeadlineClock& clock);

  private:
    void send_all();
    void on_time() noexcept;

    const Interpreter& python_;
    ipc::Channel& channel_;
    std::optional<event::Timer> timer_;
};

}  // namespace geventd::py
