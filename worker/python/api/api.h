// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "worker/process/boot_info.h"
#include "worker/python/api/loading_locks.h"
#include "worker/python/api/signal_book.h"
#include "worker/python/base/ref.h"
#include "worker/signals/signal_port.h"
#include "worker/signals/signals.h"

namespace geventd::py {

class HandlerRunner;
class HubBridge;
class LockWaits;
class RequestRunner;

/// The state behind the functions of the Python module `geventd`. Made before the application is
/// imported; a forked process calls adopt() and, when it becomes a worker, open().
/// Lives in: template, worker, check. One a process.
class Api {
  public:
    /// Parts that exist only while the worker's hub turns; no requests before it serves.
    struct Serving {
        worker::Signals* signals = nullptr;
        HandlerRunner* runner = nullptr;
        LockWaits* locks = nullptr;
        HubBridge* bridge = nullptr;
        const RequestRunner* requests = nullptr;
    };

    /// Connects the native module, which make_module() has made, to this object.
    Api(const worker::BootInfo& boot, PyObject* module);
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;
    ~Api() = default;

    /// This process is the server's own, not one that the application forked.
    void adopt();

    /// This process is a worker; its slot and number are in the boot info. Throws std::exception.
    void open(ipc::Channel& channel);

    void serve(const Serving& serving);

    /// Sets how to make these parts earlier, for an application that waits while it is loaded.
    void make_parts_by(std::function<void()> make) { make_parts_ = std::move(make); }

    /// The parts, which are made if need be. Null with a RuntimeError where there are none.
    const Serving* parts();

    /// The application is loaded: warns of locks that the loading has left held. They do not
    /// outlive it.
    void end_loading();

    /// The locks of a process that is no worker.
    LoadingLocks& loading_locks() { return loading_locks_; }

    /// Called when the application is loaded: finds the functions of the configuration's timers,
    /// crons and monitors. `load` returns the callable of "module:function"; throws PythonError.
    template <typename Load>
    void load_functions(Load load) {
        for (const auto& [number, function] : functions_) {
            book_.fulfil(number, load(function).get());
        }
    }

    /// The same for the signal that tells of hooks.worker-died. Throws PythonError.
    void handle_deaths_by(PyObject* handler);

    SignalBook& book() { return book_; }

    [[nodiscard]] const Serving& serving() const { return serving_; }

    [[nodiscard]] const worker::BootInfo& boot() const { return boot_; }

    [[nodiscard]] worker::SignalPort* port() const { return port_.get(); }

    /// The channel to the master; null before open().
    [[nodiscard]] ipc::Channel* channel() const { return channel_; }

    [[nodiscard]] pid_t home() const { return home_; }

  private:
    const worker::BootInfo& boot_;
    SignalBook book_;
    std::unique_ptr<worker::SignalPort> port_;
    ipc::Channel* channel_ = nullptr;
    Serving serving_;
    std::function<void()> make_parts_;  ///< empty: they exist, or cannot be made
    LoadingLocks loading_locks_;
    std::vector<std::pair<std::uint8_t, std::string>> functions_;
    pid_t home_;
};

/// Makes the native module: all that `import geventd` gives, or what the package of that name has
/// it from. A new reference; nullptr with an exception. The function that CPython's import calls.
PyObject* make_module() noexcept;

/// The module's state.
struct ModuleState {
    Api* api = nullptr;  ///< null in a subinterpreter
    PyObject* queue_full = nullptr;
    PyObject* not_registered = nullptr;
    PyObject* signal_info = nullptr;
};

ModuleState& state_of(PyObject* module);

/// The api of the calling process; nullptr with a RuntimeError in a process that the application
/// forked and in a subinterpreter.
Api* api_of(PyObject* module);

/// The same for `action`, something that only a worker can do: nullptr with an exception elsewhere.
Api* worker_api_of(PyObject* module, const char* action);

/// A signal's number from 0 to 255; false with a ValueError or TypeError.
bool read_number(PyObject* object, std::uint8_t& number);

/// Seconds as whole milliseconds, at least one; false with a ValueError.
bool read_period(double seconds, std::chrono::milliseconds& period);

// The functions by topic; each array ends with an empty entry.
extern PyMethodDef signal_functions[];
extern PyMethodDef schedule_functions[];
extern PyMethodDef lock_functions[];
extern PyMethodDef server_functions[];
extern PyMethodDef status_functions[];
extern PyMethodDef time_functions[];
extern PyMethodDef websocket_functions[];
extern PyMethodDef sticky_functions[];

/// Adds QueueFull, NotRegistered and SignalInfo to a fresh module. -1 with an exception.
int add_signal_types(PyObject* module);

/// Adds RequestTimeout. -1 with an exception.
int add_time_types(PyObject* module);

/// Adds WebSocketClosed. -1 with an exception.
int add_websocket_types(PyObject* module);

}  // namespace geventd::py
