// SPDX-License-Identifier: MIT
#include "worker/python/slices/sliced_queue.h"

#include <chrono>
#include <exception>
#include <utility>

#include <greenlet.h>

#include "log/logger.h"
#include "worker/python/base/bound_function.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

constexpr char kNextName[] = "geventd_next_slice";

PyGreenlet* as_greenlet(PyObject* object) {
    return reinterpret_cast<PyGreenlet*>(object);
}

/// Keeps the pending exception, if there is one, while other code runs that may have its own.
class KeptException {
  public:
    KeptException() { PyErr_Fetch(&type_, &value_, &traceback_); }

    KeptException(const KeptException&) = delete;
    KeptException& operator=(const KeptException&) = delete;

    ~KeptException() { PyErr_Restore(type_, value_, traceback_); }

  private:
    PyObject* type_ = nullptr;
    PyObject* value_ = nullptr;
    PyObject* traceback_ = nullptr;
};

}  // namespace

SlicedQueue::SlicedQueue(HubBridge& bridge, Duration slice, std::function<void()> on_change)
    : bridge_(bridge), on_change_(std::move(on_change)) {
    PyGreenlet_Import();
    if (_PyGreenlet_API == nullptr) {
        throw_pending();
    }
    loop_ = checked(PyObject_GetAttrString(bridge.hub(), "loop"));
    // Of the lowest priority, so that it comes after whatever the same poll has brought.
    const Ref lowest = checked(PyObject_GetAttrString(loop_.get(), "MINPRI"));
    idle_ = checked(PyObject_CallMethod(loop_.get(), "idle", "OO", Py_True, lowest.get()));
    const double seconds = std::chrono::duration<double>(slice).count();
    enough_ = checked(PyObject_CallMethod(loop_.get(), "timer", "dd", seconds, seconds));
    call_next_ = bound_function<kNextName, &SlicedQueue::call_next>(this);
    own_call_ = checked(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(&PyBaseObject_Type)));
    arguments_ = checked(PyTuple_Pack(1, own_call_.get()));
    again_options_ = checked(Py_BuildValue("{sO}", "update", Py_True));
}

bool SlicedQueue::await_slice() noexcept {
    try {
        waiting_.emplace_back();
    } catch (const std::bad_alloc&) {
        return true;  // it goes on
    }
    const auto entry = std::prev(waiting_.end());
    entry->greenlet = bridge_.current_greenlet();
    on_change_();
    const bool is_watched = calls_ || waiting_.size() > 1;  // or will be, when the slice is over
    const bool waited = (is_watched || start_watching()) && await_call(*entry);
    hand_on_wake_ups(*entry);
    (entry->called ? called_ : waiting_).erase(entry);
    if (waiting_.empty()) {
        stop_watching();
    }
    on_change_();
    return waited;
}

// May switch. False with an exception.
bool SlicedQueue::await_call(Entry& entry) {
    PyGreenlet* const hub = as_greenlet(bridge_.hub());
    while (PyGreenlet_ACTIVE(hub) != 0) {
        Ref given = Ref::steal(PyGreenlet_Switch(hub, nullptr, nullptr));
        if (!given) {
            return false;
        }
        if (given.get() == own_call_.get()) {
            break;
        }
        try {
            entry.wake_ups.push_back(std::move(given));
        } catch (const std::bad_alloc&) {
            log::error("a wake-up of a greenlet is lost: memory is short");
        }
    }
    return true;
}

// In the hub. Goes on when the slice is over, or the greenlet waits for something.
void SlicedQueue::call_next() noexcept {
    stop_watching();
    if (waiting_.empty()) {
        return;
    }
    const Ref greenlet = waiting_.front().greenlet.copy();
    waiting_.front().called = true;
    called_.splice(called_.end(), waiting_, waiting_.begin());
    on_change_();
    calls_ = true;
    const Ref result =
        Ref::steal(PyGreenlet_Switch(as_greenlet(greenlet.get()), arguments_.get(), nullptr));
    calls_ = false;
    if (!result) {
        hand_to_gevent(greenlet);
    }
    if (!waiting_.empty() && !start_watching()) {
        PyErr_WriteUnraisable(enough_.get());
    }
}

// What a greenlet that is not of gevent's class has ended with: as if gevent had switched to it.
// May switch.
void SlicedQueue::hand_to_gevent(const Ref& greenlet) {
    const Ref exception = take_exception();
    if (!exception) {
        return;
    }
    const Ref trace = Ref::steal(PyException_GetTraceback(exception.get()));
    const Ref handled = Ref::steal(PyObject_CallMethod(
        bridge_.hub(), "handle_error", "OOOO", greenlet.get(), Py_TYPE(exception.get()),
        exception.get(), trace ? trace.get() : Py_None));
    if (!handled) {
        PyErr_WriteUnraisable(greenlet.get());
    }
}

// The time of the others begins. False with an exception.
bool SlicedQueue::start_watching() {
    const Ref started =
        Ref::steal(PyObject_CallMethod(idle_.get(), "start", "O", call_next_.get()));
    const Ref again = started ? Ref::steal(PyObject_GetAttrString(enough_.get(), "again")) : Ref();
    const Ref call = again ? Ref::steal(PyTuple_Pack(1, call_next_.get())) : Ref();
    const Ref result =
        call ? Ref::steal(PyObject_Call(again.get(), call.get(), again_options_.get())) : Ref();
    return static_cast<bool>(result);
}

void SlicedQueue::stop_watching() {
    const KeptException kept;
    for (const Ref* watcher : {&idle_, &enough_}) {
        if (!Ref::steal(PyObject_CallMethod(watcher->get(), "stop", nullptr))) {
            PyErr_WriteUnraisable(watcher->get());
        }
    }
}

// They come again when the hub turns, which is when the greenlet waits: or is suspended once more.
void SlicedQueue::hand_on_wake_ups(Entry& entry) {
    if (entry.wake_ups.empty()) {
        return;
    }
    const KeptException kept;
    const Ref wake = Ref::steal(PyObject_GetAttrString(entry.greenlet.get(), "switch"));
    for (const Ref& given : entry.wake_ups) {
        const Ref queued = wake ? Ref::steal(PyObject_CallMethod(loop_.get(), "run_callback", "OO",
                                                                 wake.get(), given.get()))
                                : Ref();
        if (!queued) {
            PyErr_WriteUnraisable(entry.greenlet.get());
        }
    }
}

}  // namespace geventd::py
