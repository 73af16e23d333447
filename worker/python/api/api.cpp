// SPDX-License-Identifier: MIT
#include "worker/python/api/api.h"

#include <unistd.h>

#include <chrono>
#include <cmath>

#include "atomic_py.h"
#include "config/schedule.h"
#include "log/logger.h"
#include "worker/python/base/boot_part.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

constexpr double kLongestPeriod = 10 * 365 * 86400.0;  // seconds

int traverse(PyObject* module, visitproc visit, void* arg) {
    const ModuleState& state = state_of(module);
    Py_VISIT(state.queue_full);
    Py_VISIT(state.not_registered);
    Py_VISIT(state.signal_info);
    return 0;
}

PyModuleDef definition{
    PyModuleDef_HEAD_INIT,
    "geventd",
    "The server that runs this application: signals between its workers, timers, cron entries,\n"
    "file monitors, locks, time limits and the server's status. Signals have the numbers 0 to 255. "
    "Times are\n"
    "seconds. All of it works from any thread and greenlet of a worker; registrations also while\n"
    "the application is imported. In a process that the application forked and in a\n"
    "subinterpreter every function raises RuntimeError.",
    sizeof(ModuleState),
    nullptr,
    nullptr,
    traverse,
    nullptr,
    nullptr,
};

}  // namespace

PyObject* make_module() noexcept {
    Ref module = Ref::steal(PyModule_Create(&definition));
    if (!module || add_signal_types(module.get()) < 0 || add_time_types(module.get()) < 0 ||
        add_websocket_types(module.get()) < 0) {
        return nullptr;
    }
    for (PyMethodDef* functions :
         {signal_functions, schedule_functions, lock_functions, server_functions, status_functions,
          time_functions, websocket_functions, sticky_functions}) {
        if (PyModule_AddFunctions(module.get(), functions) < 0) {
            return nullptr;
        }
    }
    return module.release();
}

ModuleState& state_of(PyObject* module) {
    return *static_cast<ModuleState*>(PyModule_GetState(module));
}

Api* api_of(PyObject* module) {
    Api* api = state_of(module).api;
    if (api == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "geventd cannot be used in a subinterpreter");
        return nullptr;
    }
    if (::getpid() != api->home()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "geventd cannot be used in a process that the application forked");
        return nullptr;
    }
    return api;
}

Api* worker_api_of(PyObject* module, const char* action) {
    Api* api = api_of(module);
    if (api != nullptr && api->port() == nullptr) {
        PyErr_Format(PyExc_RuntimeError,
                     "%s: this process loads the application for the workers and is none; do it "
                     "in a request or handler, or set app.preload: false",
                     action);
        return nullptr;
    }
    return api;
}

bool read_number(PyObject* object, std::uint8_t& number) {
    const std::int64_t value = PyLong_AsLong(object);
    if (value == -1 && PyErr_Occurred() != nullptr) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError) == 0) {
            return false;
        }
        PyErr_Clear();
    }
    if (value < 0 || value >= static_cast<std::int64_t>(shm::kSignalNumbers)) {
        PyErr_Format(PyExc_ValueError, "a signal's number is from 0 to 255, not %S", object);
        return false;
    }
    number = static_cast<std::uint8_t>(value);
    return true;
}

bool read_period(double seconds, std::chrono::milliseconds& period) {
    if (!std::isfinite(seconds) || seconds < 0.0005 || seconds > kLongestPeriod) {
        PyErr_SetString(PyExc_ValueError,
                        "a period is a number of seconds from 0.001 to ten years");
        return false;
    }
    period = std::chrono::milliseconds(std::llround(seconds * 1000));
    return true;
}

Api::Api(const worker::BootInfo& boot, PyObject* module)
    : boot_(boot), book_(boot.settings), home_(::getpid()) {
    state_of(module).api = this;
    const Ref part = load_part("_geventd_atomic", kAtomicPy);
    const Ref atomic = checked(PyObject_GetAttrString(part.get(), "atomic"));
    if (PyObject_SetAttrString(module, "atomic", atomic.get()) < 0) {
        throw_pending();
    }
    for (const config::ScheduleEntry& entry : config::schedule_of(boot.settings)) {
        if (!entry.sends->run.empty()) {
            const auto number = static_cast<std::uint8_t>(entry.sends->number);
            book_.reserve(number, entry.key);
            functions_.emplace_back(number, entry.sends->run);
        }
    }
    if (const auto& died = boot.settings.hooks.death_signal) {
        book_.reserve(static_cast<std::uint8_t>(*died), "hooks.worker-died");
    }
}

void Api::handle_deaths_by(PyObject* handler) {
    if (const auto& died = boot_.settings.hooks.death_signal) {
        book_.fulfil(static_cast<std::uint8_t>(*died), handler);
    }
}

void Api::adopt() {
    home_ = ::getpid();
}

void Api::open(ipc::Channel& channel) {
    port_ = std::make_unique<worker::SignalPort>(boot_);
    channel_ = &channel;
    book_.open(*port_, channel);
}

const Api::Serving* Api::parts() {
    std::string fault = "this worker ends: it takes no locks and handles no signals any more";
    if (const std::function<void()> make = make_parts_) {
        try {
            make();
        } catch (const std::exception& error) {
            fault = error.what();
        }
    }
    if (serving_.bridge == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, fault.c_str());
        return nullptr;
    }
    return &serving_;
}

void Api::end_loading() {
    for (const unsigned lock : loading_locks_.held()) {
        log::warning(
            "lock {} is still held now that the application is loaded: it is free in the workers",
            lock);
    }
    loading_locks_.release_all();
}

void Api::serve(const Serving& serving) {
    make_parts_ = nullptr;
    serving_ = serving;
    book_.serve(serving.signals);
}

}  // namespace geventd::py
