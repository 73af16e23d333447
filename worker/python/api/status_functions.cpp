// SPDX-License-Identifier: MIT
#include <chrono>

#include "base/clock.h"
#include "shm/signal_statistics.h"
#include "worker/python/api/api.h"

// status(): the same names and figures as in `geventctl status --json`.

namespace geventd::py {

namespace {

// Steals `value`; false with an exception.
bool put(PyObject* dict, const char* name, PyObject* value) {
    const Ref owned = Ref::steal(value);
    return owned && PyDict_SetItemString(dict, name, owned.get()) == 0;
}

bool append(PyObject* list, const Ref& item) {
    return item && PyList_Append(list, item.get()) == 0;
}

Ref describe(unsigned number, bool registered, const shm::SignalFigures& figures) {
    Ref dict = Ref::steal(PyDict_New());
    bool fine = dict && put(dict.get(), "number", PyLong_FromUnsignedLong(number)) &&
                put(dict.get(), "registered", PyBool_FromLong(registered ? 1 : 0));
    shm::for_each_figure(figures, [&](const char* name, std::uint64_t value) {
        fine = fine && put(dict.get(), name, PyLong_FromUnsignedLongLong(value));
    });
    PyObject* oldest = nullptr;
    if (figures.oldest) {
        const std::chrono::nanoseconds now(Clock::now().time_since_epoch());
        const std::int64_t age = shm::signal_age(now.count(), *figures.oldest);
        oldest = PyFloat_FromDouble(static_cast<double>(age) / 1e9);
    } else {
        oldest = Ref::borrow(Py_None).release();
    }
    return fine && put(dict.get(), "oldest", oldest) ? std::move(dict) : Ref();
}

Ref signals(const shm::SignalRegion& region) {
    Ref list = Ref::steal(PyList_New(0));
    const shm::SignalRegistry registry(region.signals());
    const shm::SignalStatistics statistics = shm::read_statistics(region.signals());
    for (unsigned number = 0; list && number < statistics.size(); ++number) {
        const bool registered = registry.route(static_cast<std::uint8_t>(number)).has_value();
        if ((registered || !statistics[number].empty()) &&
            !append(list.get(), describe(number, registered, statistics[number]))) {
            return {};
        }
    }
    return list;
}

Ref describe_lock(const shm::SignalRegion& region, unsigned lock) {
    const unsigned cell = shm::kNumberLocks + lock;
    const auto holder = region.locks().holder(cell);
    Ref dict = Ref::steal(PyDict_New());
    PyObject* worker =
        holder ? PyLong_FromUnsignedLong(region.signals().process(holder->process).worker.load())
               : Ref::borrow(Py_None).release();
    const bool fine =
        dict && put(dict.get(), "number", PyLong_FromUnsignedLong(lock)) &&
        put(dict.get(), "worker", worker) &&
        put(dict.get(), "waiting", PyLong_FromUnsignedLong(region.locks().waiting(cell)));
    return fine ? std::move(dict) : Ref();
}

Ref locks(const shm::SignalRegion& region) {
    Ref list = Ref::steal(PyList_New(0));
    for (unsigned lock = 0; list && lock < region.user_locks(); ++lock) {
        const unsigned cell = shm::kNumberLocks + lock;
        if ((region.locks().holder(cell) || region.locks().waiting(cell) > 0) &&
            !append(list.get(), describe_lock(region, lock))) {
            return {};
        }
    }
    return list;
}

// Returns None in a process that is no worker.
Ref describe_worker(const Api& api) {
    if (api.port() == nullptr) {
        return Ref::borrow(Py_None);
    }
    constexpr auto kRelaxed = std::memory_order_relaxed;
    const shm::WorkerSlot& slot = api.boot().scoreboard->slots[api.boot().slot];
    const auto running =
        api.serving().signals == nullptr ? 0 : api.serving().signals->running().size();
    Ref dict = Ref::steal(PyDict_New());
    const bool fine =
        dict && put(dict.get(), "number", PyLong_FromUnsignedLong(api.boot().worker)) &&
        put(dict.get(), "slot", PyLong_FromUnsignedLong(api.boot().slot)) &&
        put(dict.get(), "pid", PyLong_FromLong(api.home())) &&
        put(dict.get(), "generation", PyLong_FromUnsignedLong(api.boot().generation)) &&
        put(dict.get(), "cores", PyLong_FromUnsignedLong(slot.cores.load(kRelaxed))) &&
        put(dict.get(), "cores_busy", PyLong_FromUnsignedLong(slot.cores_busy.load(kRelaxed))) &&
        put(dict.get(), "requests", PyLong_FromUnsignedLongLong(slot.requests.load(kRelaxed))) &&
        put(dict.get(), "handlers", PyLong_FromSize_t(running));
    return fine ? std::move(dict) : Ref();
}

PyObject* status(PyObject* module, PyObject*) noexcept {
    const Api* api = api_of(module);
    if (api == nullptr) {
        return nullptr;
    }
    Ref dict = Ref::steal(PyDict_New());
    if (!dict || !put(dict.get(), "worker", describe_worker(*api).release()) ||
        !put(dict.get(), "signals", signals(*api->boot().signals).release()) ||
        !put(dict.get(), "locks", locks(*api->boot().signals).release())) {
        return nullptr;
    }
    return dict.release();
}

}  // namespace

PyMethodDef status_functions[] = {
    {"status", status, METH_NOARGS,
     "status()\n--\n\n"
     "What the server knows, as a dict: 'worker' (number, slot, pid, generation, cores,\n"
     "cores_busy, requests, handlers; None while the application is loaded for the workers),\n"
     "'signals' (one dict a number: accepted, handled, failed, redelivered, set_aside, running,\n"
     "waiting, refused, coalesced, unregistered, oldest in seconds or None) and 'locks' (those\n"
     "that are held or waited for), the latter two as in `geventctl status --json`."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
