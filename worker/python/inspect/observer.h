// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <sys/types.h>

#include <thread>

#include "ipc/channel.h"
#include "worker/python/inspect/census.h"

namespace geventd::py {

class Interpreter;

/// A thread of the worker that reports to the master where the greenlets stand, also when the hub
/// does not turn: it only needs the GIL now and then. It holds the GIL for a few milliseconds at a
/// time, so that requests go on. While C code holds the GIL the thread waits; the master waits as
/// long as it likes.
/// Lives in: worker, from before it is ready until its last greenlet has ended.
class Observer {
  public:
    /// `requests` and `handlers` outlive it; the hub's thread makes and destroys it, with the GIL.
    /// Throws PythonError, ErrnoError or std::system_error.
    Observer(const Interpreter& python, const HubBridge& bridge, const RequestRunner& requests,
             const HandlerRunner& handlers);
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    ~Observer();

    /// The master's end of the observer's channel; taken once.
    UniqueFd take_end() { return std::move(masters_end_); }

  private:
    void run() noexcept;
    void answer(ipc::Message& question) const;
    [[nodiscard]] bool look(const ipc::Message& question, const ipc::Channel& asker,
                            Report& report) const;

    Sources sources_;
    UniqueFd masters_end_;
    ipc::Channel channel_;
    pid_t process_;
    std::thread thread_;
};

}  // namespace geventd::py
