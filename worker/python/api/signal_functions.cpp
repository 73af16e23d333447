// SPDX-License-Identifier: MIT
#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "worker/python/api/api.h"
#include "worker/python/api/handler_runner.h"
#include "worker/python/base/add_object.h"

// register, signal, signal_info, signal_registered.

namespace geventd::py {

namespace {

constexpr double kNanoseconds = 1e9;

PyStructSequence_Field info_fields[] = {
    {"number", "The signal's number."},
    {"payload", "What was sent with it, as bytes; b'' when nothing was."},
    {"sender", "The number of the worker that sent it; 0: the master (timers, geventctl)."},
    {"sender_pid", "The process that sent it."},
    {"age", "Seconds since it was sent."},
    {"attempt", "1, or more when workers died in its handler."},
    {"repeats", "Further ticks of its timer, cron entry or monitor that it stands for."},
    {nullptr, nullptr},
};

PyStructSequence_Desc info_description{
    "geventd.SignalInfo", "The signal whose handler runs in this greenlet.", info_fields, 7};

std::optional<worker::Overlap> parse_overlap(std::string_view text) {
    if (text == "allow") {
        return worker::Overlap::Allow;
    }
    if (text == "skip") {
        return worker::Overlap::Skip;
    }
    if (text == "queue") {
        return worker::Overlap::Queue;
    }
    PyErr_SetString(PyExc_ValueError, "overlap is 'allow', 'skip' or 'queue'");
    return std::nullopt;
}

// What register() without a handler returns: a callable that registers its argument.
PyObject* decorate(PyObject* self, PyObject* handler) noexcept {
    PyObject* module = PyTuple_GET_ITEM(self, 0);
    const Ref function = Ref::steal(PyObject_GetAttrString(module, "register"));
    const Ref names = Ref::steal(PyDict_New());
    if (!function || !names ||
        PyDict_SetItemString(names.get(), "overlap", PyTuple_GET_ITEM(self, 3)) < 0) {
        return nullptr;
    }
    const Ref arguments =
        Ref::steal(PyTuple_Pack(3, PyTuple_GET_ITEM(self, 1), PyTuple_GET_ITEM(self, 2), handler));
    return arguments ? PyObject_Call(function.get(), arguments.get(), names.get()) : nullptr;
}

PyMethodDef decorator{"register", decorate, METH_O, nullptr};

PyObject* register_handler(PyObject* module, PyObject* args, PyObject* kwargs) noexcept {
    static const char* const names[] = {"num", "target", "handler", "overlap", nullptr};
    PyObject* num = nullptr;
    const char* target = "";
    Py_ssize_t target_size = 0;
    PyObject* handler = Py_None;
    const char* overlap_name = "allow";
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|s#O$s:register", const_cast<char**>(names),
                                    &num, &target, &target_size, &handler, &overlap_name) == 0) {
        return nullptr;
    }
    std::uint8_t number = 0;
    Api* api = api_of(module);
    if (api == nullptr || !read_number(num, number)) {
        return nullptr;
    }
    const auto overlap = parse_overlap(overlap_name);
    if (!overlap) {
        return nullptr;
    }
    if (handler == Py_None) {
        const Ref bound =
            Ref::steal(Py_BuildValue("(OOs#s)", module, num, target, target_size, overlap_name));
        return bound ? PyCFunction_New(&decorator, bound.get()) : nullptr;
    }
    if (PyCallable_Check(handler) == 0) {
        return PyErr_Format(PyExc_TypeError, "the handler is a %.100s and cannot be called",
                            Py_TYPE(handler)->tp_name);
    }
    const std::string_view where(target, static_cast<std::size_t>(target_size));
    if (!api->book().add(number, where, handler, *overlap)) {
        return nullptr;
    }
    Py_INCREF(handler);
    return handler;
}

PyObject* refuse(PyObject* module, shm::SendResult result, std::uint8_t number) {
    switch (result) {
        case shm::SendResult::QueueFull:
            return PyErr_Format(state_of(module).queue_full,
                                "signal %d was not accepted: the queue of this worker is full "
                                "(signals.queue, signals.payloads)",
                                number);
        case shm::SendResult::Unregistered:
            return PyErr_Format(state_of(module).not_registered, "nobody has registered signal %d",
                                number);
        default:
            PyErr_SetString(PyExc_ValueError,
                            "the payload is too large: 65536 bytes at most, and not more than "
                            "signals.payloads");
            return nullptr;
    }
}

PyObject* send_signal(PyObject* module, PyObject* args, PyObject* kwargs) noexcept {
    static const char* const names[] = {"num", "payload", nullptr};
    PyObject* num = nullptr;
    PyObject* payload = Py_None;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:signal", const_cast<char**>(names), &num,
                                    &payload) == 0) {
        return nullptr;
    }
    std::uint8_t number = 0;
    Api* api = worker_api_of(module, "signal()");
    if (api == nullptr || !read_number(num, number)) {
        return nullptr;
    }
    shm::SendResult result = shm::SendResult::Accepted;
    if (payload == Py_None) {
        result = api->port()->send(number, {});
    } else {
        Py_buffer bytes;
        if (PyObject_GetBuffer(payload, &bytes, PyBUF_SIMPLE) < 0) {
            return nullptr;
        }
        result = api->port()->send(number, {static_cast<const std::byte*>(bytes.buf),
                                            static_cast<std::size_t>(bytes.len)});
        PyBuffer_Release(&bytes);
    }
    if (result != shm::SendResult::Accepted) {
        return refuse(module, result, number);
    }
    Py_RETURN_NONE;
}

// Steals `value`.
bool set_field(PyObject* info, Py_ssize_t place, PyObject* value) {
    PyStructSequence_SetItem(info, place, value);
    return value != nullptr;
}

PyObject* signal_info(PyObject* module, PyObject*) noexcept {
    const Api* api = api_of(module);
    if (api == nullptr) {
        return nullptr;
    }
    const HandlerRunner* runner = api->serving().runner;
    const worker::HeldSignal* signal = runner == nullptr ? nullptr : runner->current();
    if (signal == nullptr) {
        Py_RETURN_NONE;
    }
    const shm::SignalClaim& claim = signal->claim;
    const std::chrono::nanoseconds now(Clock::now().time_since_epoch());
    const double age =
        static_cast<double>(shm::signal_age(now.count(), claim.sent_at)) / kNanoseconds;
    Ref info = Ref::steal(
        PyStructSequence_New(reinterpret_cast<PyTypeObject*>(state_of(module).signal_info)));
    if (!info || !set_field(info.get(), 0, PyLong_FromLong(claim.routing.number)) ||
        !set_field(info.get(), 1,
                   PyBytes_FromStringAndSize(reinterpret_cast<const char*>(claim.payload.data()),
                                             static_cast<Py_ssize_t>(claim.payload.size()))) ||
        !set_field(info.get(), 2, PyLong_FromLong(claim.routing.sender)) ||
        !set_field(info.get(), 3, PyLong_FromLong(claim.sender_pid)) ||
        !set_field(info.get(), 4, PyFloat_FromDouble(age)) ||
        !set_field(info.get(), 5, PyLong_FromLong(claim.attempts + 1)) ||
        !set_field(info.get(), 6, PyLong_FromUnsignedLong(claim.repeats))) {
        return nullptr;
    }
    return info.release();
}

PyObject* handle_signals(PyObject* module, PyObject*) noexcept {
    Api* api = worker_api_of(module, "signal_wait()");
    const Api::Serving* parts = api != nullptr ? api->parts() : nullptr;
    if (parts == nullptr) {
        return nullptr;
    }
    parts->signals->accept();
    Py_RETURN_NONE;
}

PyObject* signal_registered(PyObject* module, PyObject* num) noexcept {
    std::uint8_t number = 0;
    Api* api = api_of(module);
    if (api == nullptr || !read_number(num, number)) {
        return nullptr;
    }
    return PyBool_FromLong(api->book().of(number).handler ? 1 : 0);
}

PyObject* add_exception(PyObject* module, const char* name, const char* full_name, const char* text,
                        PyObject* base) {
    Ref exception = Ref::steal(PyErr_NewExceptionWithDoc(full_name, text, base, nullptr));
    if (!exception || add_object(module, name, exception.get()) < 0) {
        return nullptr;
    }
    return exception.release();
}

PyCFunction with_keywords(PyCFunctionWithKeywords function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

int add_signal_types(PyObject* module) {
    ModuleState& state = state_of(module);
    state.queue_full =
        add_exception(module, "QueueFull", "geventd.QueueFull",
                      "The queue is full; the signal was not accepted.", PyExc_RuntimeError);
    state.not_registered =
        add_exception(module, "NotRegistered", "geventd.NotRegistered",
                      "Nobody has registered the signal; it was not accepted.", PyExc_LookupError);
    state.signal_info = reinterpret_cast<PyObject*>(PyStructSequence_NewType(&info_description));
    if (state.queue_full == nullptr || state.not_registered == nullptr ||
        state.signal_info == nullptr) {
        return -1;
    }
    return add_object(module, "SignalInfo", state.signal_info);
}

PyMethodDef signal_functions[] = {
    {"register", with_keywords(register_handler), METH_VARARGS | METH_KEYWORDS,
     "register(num, target='', handler=None, *, overlap='allow')\n--\n\n"
     "Registers handler(num) for the signal num (0 to 255); without a handler, a decorator.\n"
     "The handler runs in a greenlet of its own and takes no core from requests.\n\n"
     "target: '' or 'worker' or 'worker0' for one worker, whichever has time; 'workerN' for the\n"
     "worker N or its successor; 'workers' or 'active-workers' for each that is ready when the\n"
     "signal is sent. overlap: what happens to a signal while a handler of its number runs in\n"
     "any worker: 'allow' both, 'skip' it, or 'queue' it until that is over.\n\n"
     "Registering again replaces the handler. ValueError: num, target or overlap is unknown, or\n"
     "the number has another target already."},
    {"signal", with_keywords(send_signal), METH_VARARGS | METH_KEYWORDS,
     "signal(num, payload=None)\n--\n\n"
     "Sends the signal num (0 to 255) with payload (bytes, 65536 at most). Once this has\n"
     "returned the handler runs, even if the worker that takes it is killed. Never waits.\n\n"
     "QueueFull, NotRegistered: it was not accepted. ValueError: num or payload is out of range.\n"
     "RuntimeError: this process is no worker."},
    {"signal_info", signal_info, METH_NOARGS,
     "signal_info()\n--\n\n"
     "In the greenlet of a handler: a SignalInfo (number, payload, sender, sender_pid, age in\n"
     "seconds, attempt, repeats). None elsewhere."},
    {"_handle_signals", handle_signals, METH_NOARGS,
     "_handle_signals()\n--\n\n"
     "For uwsgi.signal_wait(): this worker handles signals from now on, also before it serves."},
    {"signal_registered", signal_registered, METH_O,
     "signal_registered(num, /)\n--\n\n"
     "Whether this process has a handler for the signal num (0 to 255)."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
