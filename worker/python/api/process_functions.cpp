// SPDX-License-Identifier: MIT
#include <string_view>

#include "log/logger.h"
#include "worker/process/forked.h"
#include "worker/python/api/native_module.h"
#include "worker/python/base/ref.h"

namespace geventd::py {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

const worker::BootInfo& boot_of(PyObject* module) {
    return *native_state_of(module).boot;
}

PyObject* master_pid(PyObject* module, PyObject*) noexcept {
    return PyLong_FromLong(boot_of(module).scoreboard->master_pid.load(kRelaxed));
}

PyObject* worker_id(PyObject* module, PyObject*) noexcept {
    return PyLong_FromUnsignedLong(boot_of(module).worker);
}

PyObject* is_ready(PyObject* module, PyObject*) noexcept {
    return PyBool_FromLong(boot_of(module).scoreboard->serving.load(kRelaxed) != 0 ? 1 : 0);
}

// The newest worker with `number` in this process' generation; null when there is none now.
const shm::WorkerSlot* find_slot(const worker::BootInfo& boot, std::uint32_t number) {
    const shm::WorkerSlot* newest = nullptr;
    const std::uint32_t used = boot.scoreboard->in_use();
    for (std::uint32_t i = 0; i < used; ++i) {
        const shm::WorkerSlot& slot = boot.scoreboard->slots[i];
        if (slot.worker.load(kRelaxed) == number && slot.pid.load(kRelaxed) != 0 &&
            slot.generation.load(kRelaxed) == boot.generation &&
            (newest == nullptr || slot.respawns.load(kRelaxed) > newest->respawns.load(kRelaxed))) {
            newest = &slot;
        }
    }
    return newest;
}

PyObject* describe_worker(const worker::BootInfo& boot, std::uint32_t number) {
    static const shm::WorkerSlot nobody{};
    const shm::WorkerSlot* found = find_slot(boot, number);
    const shm::WorkerSlot& slot = found != nullptr ? *found : nobody;
    return Py_BuildValue(
        "{sI si sK sK sK sI sK sL sI sK}", "id", number, "pid", slot.pid.load(kRelaxed), "requests",
        slot.requests.load(kRelaxed), "exceptions", slot.errors.load(kRelaxed), "signals",
        slot.signals.load(kRelaxed), "busy", slot.cores_busy.load(kRelaxed), "running_time",
        slot.busy_time.load(kRelaxed), "last_spawn", slot.spawned.load(kRelaxed), "respawn_count",
        slot.respawns.load(kRelaxed), "tx", slot.sent.load(kRelaxed));
}

PyObject* workers(PyObject* module, PyObject*) noexcept {
    const worker::BootInfo& boot = boot_of(module);
    Ref list = Ref::steal(PyList_New(0));
    const auto count = static_cast<std::uint32_t>(boot.settings.workers.processes);
    for (std::uint32_t number = 1; list && number <= count; ++number) {
        const Ref row = Ref::steal(describe_worker(boot, number));
        if (!row || PyList_Append(list.get(), row.get()) < 0) {
            return nullptr;
        }
    }
    return list.release();
}

PyObject* set_accepting(PyObject* module, PyObject* flag) noexcept {
    const int on = PyObject_IsTrue(flag);
    if (on < 0) {
        return nullptr;
    }
    const worker::BootInfo& boot = boot_of(module);
    if (boot.worker == 0 || worker::is_forked_child()) {
        PyErr_SetString(PyExc_RuntimeError, "uwsgi.accepting() works only in a worker");
        return nullptr;
    }
    boot.scoreboard->slots[boot.slot].accepting.store(static_cast<unsigned>(on), kRelaxed);
    Py_RETURN_NONE;
}

PyObject* set_title(PyObject* module, PyObject* args) noexcept {
    const char* title = nullptr;
    if (!PyArg_ParseTuple(args, "s:setprocname", &title)) {
        return nullptr;
    }
    if (!native_state_of(module).title->set(title)) {
        PyErr_SetString(PyExc_OSError, "the kernel does not tell where the process' title stands");
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* log_line(PyObject*, PyObject* args) noexcept {
    const char* text = nullptr;
    Py_ssize_t size = 0;
    if (!PyArg_ParseTuple(args, "s#:log", &text, &size)) {
        return nullptr;
    }
    if (worker::is_forked_child()) {
        // A forked process may not use the worker's log, so it prints.
        PySys_FormatStderr("%s\n", text);
    } else {
        log::info("{}", std::string_view(text, static_cast<std::size_t>(size)));
    }
    Py_RETURN_TRUE;
}

PyObject* set_after_request(PyObject* module, PyObject* hook) noexcept {
    NativeState& state = native_state_of(module);
    const Ref old = Ref::steal(state.after_request);
    state.after_request = hook == Py_None ? nullptr : Ref::borrow(hook).release();
    if (state.runner != nullptr) {
        state.runner->set_after_request(Ref::borrow(state.after_request));
    }
    Py_RETURN_NONE;
}

}  // namespace

PyMethodDef process_functions[] = {
    {"masterpid", master_pid, METH_NOARGS, "masterpid() -> int: the master's process id."},
    {"worker_id", worker_id, METH_NOARGS,
     "worker_id() -> int: this worker's number, from 1; 0 in the process that loads for all."},
    {"is_ready", is_ready, METH_NOARGS, "Whether a generation of workers has served so far."},
    {"workers", workers, METH_NOARGS, "A list with a dict for each worker of this generation."},
    {"set_accepting", set_accepting, METH_O, "Sets the worker's mark in the scoreboard."},
    {"setprocname", set_title, METH_VARARGS,
     "setprocname(title): what ps shows of this process from now on."},
    {"log", log_line, METH_VARARGS, "log(text) -> True: writes a line to the server's log."},
    {"set_after_request", set_after_request, METH_O,
     "Sets what is called after each request; None: nothing."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
