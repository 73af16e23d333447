// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "ipc/channel.h"
#include "shm/signal_layout.h"
#include "worker/python/base/ref.h"
#include "worker/signals/signal_port.h"
#include "worker/signals/signals.h"

namespace geventd::py {

/// What the application has registered in this process: handlers by number, and timers, cron
/// entries and monitors. Before the process is a worker (a template imports the application), they
/// are only noted; each worker forked from there publishes them in open(). From then on a
/// registration takes effect at once.
/// Lives in: template, worker, check. One a process, copied by forks. The GIL serialises calls.
class SignalBook {
  public:
    struct Registration {
        std::string target;
        Ref handler;  ///< none: nothing is registered
        worker::Overlap overlap = worker::Overlap::Allow;
    };

    explicit SignalBook(const config::Settings& settings) : settings_(settings) {}

    /// Reserves the number for a function that the configuration names under `key`.
    void reserve(std::uint8_t number, std::string key);

    /// Registers a handler. False with a ValueError when the target is unknown, or another than the
    /// number has already.
    bool add(std::uint8_t number, std::string_view target, PyObject* handler,
             worker::Overlap overlap);

    /// The same for the function of a reserved number. Throws PythonError.
    void fulfil(std::uint8_t number, PyObject* handler);

    /// Asks the master to send the signal by a plan (schedule/plan.h). False with a ValueError or
    /// RuntimeError.
    bool add_plan(std::uint8_t number, const std::string& plan);

    [[nodiscard]] const Registration& of(std::uint8_t number) const {
        return registrations_[number];
    }

    /// The process is a worker from now on. Publishes what was noted. Throws PythonError.
    void open(worker::SignalPort& port, ipc::Channel& channel);

    /// The worker serves: later registrations make it look at its signals again.
    void serve(worker::Signals* signals) { signals_ = signals; }

    [[nodiscard]] worker::SignalPort* port() const { return port_; }

  private:
    struct Plan {
        std::uint8_t number;
        std::string text;
    };

    [[nodiscard]] unsigned workers() const;
    bool publish(std::uint8_t number, std::string_view target);
    bool send(const Plan& plan);

    const config::Settings& settings_;
    std::array<Registration, shm::kSignalNumbers> registrations_;
    std::array<std::string, shm::kSignalNumbers> reserved_;  ///< the key of each reserved number
    std::vector<Plan> plans_;
    worker::SignalPort* port_ = nullptr;
    ipc::Channel* channel_ = nullptr;
    worker::Signals* signals_ = nullptr;
};

}  // namespace geventd::py
