// SPDX-License-Identifier: MIT
#include "worker/python/hub/hub_bridge.h"

#include <utility>

#include <greenlet.h>

#include "base/exit_code.h"
#include "worker/process/forked.h"
#include "worker/process/last_words.h"
#include "worker/python/base/bound_function.h"
#include "worker/python/base/error.h"
#include "worker/python/base/greenlet_object.h"
#include "worker/python/hub/main_greenlet.h"

namespace geventd::py {

namespace {

constexpr char kTurnName[] = "geventd_turn";
constexpr char kRequestName[] = "geventd_request";

PyGreenlet* as_greenlet(PyObject* object) {
    return reinterpret_cast<PyGreenlet*>(object);
}

PyObject* as_object(PyGreenlet* greenlet) {
    return reinterpret_cast<PyObject*>(greenlet);
}

// The main greenlet of this thread, from which all others descend.
Ref main_greenlet() {
    Ref greenlet = checked(as_object(PyGreenlet_GetCurrent()));
    for (;;) {
        Ref parent = checked(PyObject_GetAttrString(greenlet.get(), "parent"));
        if (parent.get() == Py_None) {
            return greenlet;
        }
        greenlet = std::move(parent);
    }
}

}  // namespace

HubBridge::HubBridge(const Interpreter& python, worker::Worker& worker, config::GreenletKind kind,
                     Handler handler, worker::OwnDescriptors& descriptors)
    : python_(python),
      worker_(worker),
      handler_(std::move(handler)),
      descriptors_(descriptors),
      thread_(::pthread_self()) {
    PyGreenlet_Import();
    if (_PyGreenlet_API == nullptr) {
        throw_pending();
    }
    hub_ = checked(PyObject_CallNoArgs(imported("gevent", "get_hub").get()));
    python.call("hear_of_quick_children");
    main_ = main_greenlet();
    run_function_ = bound_function<kRequestName, &HubBridge::run_request>(this);
    run_name_ = checked(PyUnicode_InternFromString("run"));
    kill_ = imported("gevent", "kill");
    request_timeout_ = imported("geventd", "RequestTimeout");
    greenlet_exit_ = imported("greenlet", "GreenletExit");
    if (kind == config::GreenletKind::Gevent) {
        greenlet_class_ = imported("gevent", "Greenlet");
    }
    loop_ = checked(PyObject_GetAttrString(hub_.get(), "loop"));
    error_handler_ = lasting_error_handler(hub_.get());
    watcher_ =
        checked(PyObject_CallMethod(loop_.get(), "io", "ii", worker_.loop().backend_fd(), 1));
    const Ref callback = bound_function<kTurnName, &HubBridge::on_turn>(this);
    checked(PyObject_CallMethod(watcher_.get(), "start", "O", callback.get()));
    worker_.admission().serve(*this);  // handlers of signals may run before requests do
}

HubBridge::~HubBridge() {
    Ref::steal(PyObject_CallMethod(watcher_.get(), "stop", nullptr));
    PyErr_Clear();
}

void HubBridge::run() {
    worker_.serve(*this);
    main_waits_ = true;
    bool suspected = false;
    while (!worker_.drained()) {
        const Ref result = Ref::steal(PyGreenlet_Switch(as_greenlet(hub_.get()), nullptr, nullptr));
        python_.end_if_forked();
        if (PyGreenlet_ACTIVE(as_greenlet(hub_.get())) == 0) {
            throw PythonError("gevent's hub has ended" +
                              (result ? "" : ":\n" + traceback_text(take_exception().get())));
        }
        if (!result) {
            // Its loop raises the same for ever where that has no epoll any more. One that renews
            // itself has polled by the next time.
            const std::string lost = descriptors_.lost();
            if (suspected && !lost.empty()) {
                worker::end_at_once(ExitCode::LostDescriptor, lost);
            }
            suspected = !lost.empty();
            log_handed_over();
        }
    }
    main_waits_ = false;
    descriptors_.leave();
}

void HubBridge::on_turn() noexcept {
    if (worker::is_forked_child()) {
        return;  // of C code that did not tell Python
    }
    if (!guards_) {
        guards_ = true;
        descriptors_.guard(worker_.loop());
        // The hub has set itself when it began to run.
        if (PyObject_SetAttrString(loop_.get(), "error_handler", error_handler_.get()) < 0) {
            PyErr_WriteUnraisable(loop_.get());
        }
    }
    worker_.turn();
    if (worker_.drained() && main_waits_) {
        switch_to(main_.get());
    }
}

Ref HubBridge::make_greenlet(PyObject* function) {
    if (greenlet_class_) {
        return Ref::steal(PyObject_CallOneArg(greenlet_class_.get(), function));
    }
    // PyGreenlet_New() parses keywords, which takes longer than all of this. The parent of a new
    // greenlet is the one that makes it: the hub, as a rule.
    Ref greenlet = Ref::steal(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(&PyGreenlet_Type)));
    if (!greenlet || PyObject_SetAttr(greenlet.get(), run_name_.get(), function) < 0 ||
        (current_greenlet().get() != hub_.get() &&
         PyGreenlet_SetParent(as_greenlet(greenlet.get()), as_greenlet(hub_.get())) < 0)) {
        return {};
    }
    return greenlet;
}

bool HubBridge::launch(PyObject* function) {
    const Ref greenlet = make_greenlet(function);
    if (!greenlet) {
        return false;
    }
    switch_to(greenlet.get());
    return true;
}

Ref HubBridge::current_greenlet() const {
    return Ref::steal(as_object(PyGreenlet_GetCurrent()));
}

bool HubBridge::can_wait(const char* what) const {
    if (::pthread_equal(::pthread_self(), thread_) == 0) {
        PyErr_Format(PyExc_RuntimeError,
                     "%s can only be waited for in the thread of the worker's hub, not in another "
                     "thread",
                     what);
        return false;
    }
    if (current_greenlet().get() == hub_.get()) {
        PyErr_Format(PyExc_RuntimeError, "the hub's own greenlet cannot wait for %s", what);
        return false;
    }
    return true;
}

void HubBridge::start(worker::Request& request) noexcept {
    starting_ = &request;
    if (!launch(run_function_.get())) {
        PyErr_WriteUnraisable(run_function_.get());
        starting_ = nullptr;
        request.exchange->finish(false);
    }
}

void HubBridge::run_request() noexcept {
    const worker::RequestRef request(*std::exchange(starting_, nullptr));
    const Ref greenlet = current_greenlet();
    request->runner = greenlet_of(greenlet.get());
    handler_(*request);
    request->runner = nullptr;
}

void HubBridge::switch_to(PyObject* greenlet) {
    const Ref result = Ref::steal(PyGreenlet_Switch(as_greenlet(greenlet), nullptr, nullptr));
    if (!result) {
        PyErr_WriteUnraisable(greenlet);
    }
}

void HubBridge::resume(worker::Waiter& waiter) noexcept {
    const Ref greenlet = Ref::borrow(object_of(std::exchange(waiter.greenlet, nullptr)));
    switch_to(greenlet.get());
}

void HubBridge::cancel(worker::Request& request) noexcept {
    const Ref killed = Ref::steal(PyObject_CallOneArg(kill_.get(), object_of(request.runner)));
    if (!killed) {
        PyErr_WriteUnraisable(kill_.get());
    }
}

// A parked greenlet raises where it waits, as one that gevent.kill() ends does.
void HubBridge::interrupt(worker::Greenlet* greenlet, worker::Interruption interruption) noexcept {
    const Ref target = Ref::borrow(object_of(greenlet));
    PyObject* type = interruption == worker::Interruption::Timeout ? request_timeout_.get()
                                                                   : greenlet_exit_.get();
    const Ref exception = Ref::steal(PyObject_CallNoArgs(type));
    const Ref result = exception ? Ref::steal(PyGreenlet_Throw(as_greenlet(target.get()), type,
                                                               exception.get(), nullptr))
                                 : Ref();
    if (!result) {
        PyErr_WriteUnraisable(target.get());
    }
}

std::string HubBridge::stack_of(worker::Greenlet* greenlet) noexcept {
    const Ref frame = Ref::steal(PyObject_GetAttrString(object_of(greenlet), "gr_frame"));
    return frame ? stack_text(frame.get()) : exception_text(take_exception().get());
}

const worker::Greenlet* HubBridge::running_greenlet() const {
    if (::pthread_equal(::pthread_self(), thread_) == 0) {
        return nullptr;
    }
    // The thread goes on holding a reference to the greenlet that it runs.
    return greenlet_of(current_greenlet().get());
}

bool HubBridge::await(worker::Waiter& waiter) {
    if (::pthread_equal(::pthread_self(), thread_) == 0) {
        PyErr_SetString(PyExc_RuntimeError,
                        "a request's input and output can only be waited for in the thread of the "
                        "worker's hub, not in another thread");
        return false;
    }
    if (waiter) {
        PyErr_SetString(PyExc_RuntimeError, "another greenlet is already waiting for this");
        return false;
    }
    const Ref current = current_greenlet();
    if (current.get() == hub_.get()) {
        PyErr_SetString(PyExc_RuntimeError, "the hub's own greenlet cannot wait for a request");
        return false;
    }
    waiter.greenlet = greenlet_of(current.get());
    const Ref result = Ref::steal(PyGreenlet_Switch(as_greenlet(hub_.get()), nullptr, nullptr));
    waiter.greenlet = nullptr;
    return static_cast<bool>(result);
}

}  // namespace geventd::py
