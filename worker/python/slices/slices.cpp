// SPDX-License-Identifier: MIT
#include "worker/python/slices/slices.h"

#include <algorithm>
#include <utility>

#include "worker/process/forked.h"
#include "worker/python/base/bound_function.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

constexpr char kPollName[] = "geventd_polled";
constexpr char kHandlerName[] = "geventd_time_slice";

// A deep stack takes a while to walk: at most this part of the time.
constexpr int kLooks = 20;

}  // namespace

Slices::Slices(HubBridge& bridge, Places::Runners runners, const config::Workers& settings)
    : bridge_(bridge),
      requests_(runners.requests),
      slice_(settings.time_slice),
      places_(bridge, runners, sections_, settings.time_slice_background),
      signal_(make_handler()),
      queue_(bridge, slice_, [this] { turned(); }) {
    stack_.learn([this](Duration delay) {
        if (delay > Duration::zero()) {
            signal_.send_later(delay);
        } else {
            static_cast<void>(signal_.send(bridge_.thread(), TickSignal::Calls::GoOn));
        }
    });
    ticker_.emplace(signal_, slice_ / 2);
    const Ref loop = checked(PyObject_GetAttrString(bridge.hub(), "loop"));
    watcher_ = checked(PyObject_CallMethod(loop.get(), "check", "O", Py_False));
    const Ref callback = bound_function<kPollName, &Slices::on_poll>(this);
    checked(PyObject_CallMethod(watcher_.get(), "start", "O", callback.get()));
}

// A handler as Python's module `signal` wants it: its arguments are the number and the frame.
Ref Slices::make_handler() {
    static PyMethodDef definition{
        kHandlerName,
        [](PyObject* capsule, PyObject* arguments) noexcept -> PyObject* {
            auto* const self = static_cast<Slices*>(PyCapsule_GetPointer(capsule, kHandlerName));
            PyObject* const frame = PyTuple_GetItem(arguments, 1);
            if (frame == nullptr || !self->await_turn(frame)) {
                return nullptr;
            }
            Py_RETURN_NONE;
        },
        METH_VARARGS, nullptr};
    const Ref capsule = checked(PyCapsule_New(this, kHandlerName, nullptr));
    return checked(PyCFunction_New(&definition, capsule.get()));
}

// Null where there is no thread to tell the time.
Ticker* Slices::ticker() noexcept {
    return ticker_ && !worker::is_forked_child() ? &*ticker_ : nullptr;
}

void Slices::on_poll() noexcept {
    turned();
    if (Ticker* const ticker = this->ticker(); ticker != nullptr && ticker->has_lost_signal()) {
        signal_.take_another();
    }
}

// The hub has polled, or a greenlet begins or ends to be suspended.
void Slices::turned() noexcept {
    seen_ = nullptr;
    if (Ticker* const ticker = this->ticker()) {
        ticker->turned();
        ticker->suspend(!queue_.is_empty());
    }
}

bool Slices::is_seen_again() noexcept {
    const worker::Greenlet* const running = bridge_.running_greenlet();
    return std::exchange(seen_, running) == running;
}

void Slices::show(const worker::Greenlet* greenlet) noexcept {
    worker::Worker& worker = bridge_.worker();
    worker.accounts().sliced();
    if (const Response* response = requests_.find(greenlet)) {
        worker.admission().computes(response->request());
    }
}

bool Slices::lets_suspend(PyObject* frame) noexcept {
    if (!places_.let_suspend(frame)) {
        return false;
    }
    switch (stack_.look()) {
        case CStack::Verdict::Stay:
            return false;
        case CStack::Verdict::Suspend:
            return places_.share_time();
        case CStack::Verdict::Waits:
            return true;
    }
    return false;
}

// May switch. False with the exception that was thrown into the greenlet.
bool Slices::await_turn(PyObject* frame) noexcept {
    Ticker* const ticker = this->ticker();
    if (stack_.note() || ticker == nullptr) {
        return true;
    }
    if (!is_seen_again()) {
        ticker->handled(Duration::zero());
        return true;
    }
    const TimePoint began = Clock::now();
    const bool fine = lets_suspend(frame);
    const Duration pause = (Clock::now() - began) * kLooks;
    ticker->handled(fine ? pause : std::max(pause, slice_));
    if (!fine) {
        return true;
    }
    show(bridge_.running_greenlet());
    return queue_.await_slice();
}

}  // namespace geventd::py
