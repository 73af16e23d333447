// SPDX-License-Identifier: MIT
#include "worker/python/inspect/census.h"

#include <utility>

#include <fmt/core.h>
#include <greenlet.h>

#include "worker/python/api/handler_runner.h"
#include "worker/python/base/error.h"
#include "worker/python/base/greenlet_object.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/inspect/gil.h"
#include "worker/python/wsgi/request_runner.h"

namespace geventd::py {

namespace {

// The object of a weak reference; empty when it has ended.
Ref living(PyObject* weak) {
#if PY_VERSION_HEX >= 0x030D0000
    PyObject* object = nullptr;
    if (PyWeakref_GetRef(weak, &object) < 0) {
        PyErr_Clear();
    }
    return Ref::steal(object);
#else
    PyObject* object = PyWeakref_GetObject(weak);
    return object == Py_None ? Ref() : Ref::borrow(object);
#endif
}

// How many greenlets are described before the clock is looked at again.
constexpr std::size_t kAtOnce = 8;

bool is_active(PyObject* greenlet) {
    return PyGreenlet_ACTIVE(reinterpret_cast<PyGreenlet*>(greenlet)) != 0;
}

// Reads an attribute by the descriptor of greenlet's or gevent's class, even if the application's
// subclass overrides the name; None if that fails.
Ref told_by(const Ref& descriptor, PyObject* object) {
    const descrgetfunc get = Py_TYPE(descriptor.get())->tp_descr_get;
    auto* type = reinterpret_cast<PyObject*>(Py_TYPE(object));
    Ref value = get != nullptr ? Ref::steal(get(descriptor.get(), object, type)) : Ref();
    PyErr_Clear();
    return value ? std::move(value) : Ref::borrow(Py_None);
}

// Calls the function; an empty Ref, without an exception, if it fails: reports show what they can.
Ref called(const Ref& function) {
    Ref result = Ref::steal(PyObject_CallNoArgs(function.get()));
    PyErr_Clear();
    return result;
}

Subject make_subject(Subject::Kind kind, std::string name) {
    Subject subject;
    subject.kind = kind;
    subject.name = std::move(name);
    return subject;
}

PyObject* frame_in(PyObject* frames, pthread_t thread) {
    const Ref key = Ref::steal(PyLong_FromUnsignedLong(thread));
    PyObject* frame = key && frames != nullptr ? PyDict_GetItem(frames, key.get()) : nullptr;
    PyErr_Clear();
    return frame;
}

}  // namespace

Census::Census(const Sources& sources, Scope scope)
    : sources_(sources), scope_(std::move(scope)), now_(Clock::now()) {
    if (_PyGreenlet_API == nullptr) {
        PyGreenlet_Import();
    }
}

void Census::begin() {
    const NoCollection guard;
    const Ref frames = called(sources_.current_frames);
    note_requests();
    if (!scope_.requests_only && scope_.request.empty()) {
        note(sources_.bridge.hub(), make_subject(Subject::Kind::Hub, "the hub"));
        note_handlers();
        note_greenlets_of(called(sources_.get_objects).get());
        note_greenlets_of(called(sources_.frozen).get());
        note_threads(frames.get());
    }
    note_running(frames.get());
}

void Census::note(PyObject* greenlet, Subject subject) {
    Ref weak = Ref::steal(PyWeakref_NewRef(greenlet, nullptr));
    PyErr_Clear();
    if (weak && known_.insert(greenlet).second) {
        pending_.push_back({std::move(weak), std::move(subject)});
    }
}

void Census::note_requests() {
    for (const Response* response : sources_.requests.running()) {
        if (response != nullptr) {
            note_request(response->request());
        }
    }
    for (const auto& [greenlet, response] : sources_.requests.upgraded()) {
        note_request(response->request());
    }
}

void Census::note_request(const worker::Request& request) {
    if (request.runner == nullptr || (!scope_.request.empty() && scope_.request != request.id)) {
        return;
    }
    Subject subject = make_subject(Subject::Kind::Request,
                                   fmt::format("{} {}", request.head.method, request.head.path));
    subject.request = request.id;
    subject.age = now_ - request.times.received;
    note(object_of(request.runner), std::move(subject));
}

void Census::note_handlers() {
    for (const auto& [greenlet, signal] : sources_.handlers.running()) {
        note(object_of(greenlet),
             make_subject(Subject::Kind::Handler,
                          fmt::format("handler of signal {}", signal->claim.routing.number)));
    }
}

void Census::note_greenlets_of(PyObject* list) {
    const Py_ssize_t size = list != nullptr && PyList_Check(list) ? PyList_GET_SIZE(list) : 0;
    for (Py_ssize_t at = 0; at < size; ++at) {
        PyObject* object = PyList_GET_ITEM(list, at);
        if (PyObject_TypeCheck(object, &PyGreenlet_Type) && is_active(object)) {
            note(object, subject_of(object));
        }
    }
}

Subject Census::subject_of(PyObject* greenlet) const {
    if (greenlet == sources_.bridge.main()) {
        return make_subject(Subject::Kind::Main, "the main greenlet");
    }
    if (Py_TYPE(greenlet) == Py_TYPE(sources_.bridge.hub())) {
        return make_subject(Subject::Kind::Hub, "a hub of another thread");
    }
    const auto* type = reinterpret_cast<PyTypeObject*>(sources_.greenlet_class.get());
    const bool is_gevent =
        PyType_IsSubtype(Py_TYPE(greenlet), const_cast<PyTypeObject*>(type)) != 0;
    return make_subject(is_gevent ? Subject::Kind::Background : Subject::Kind::Raw, "");
}

// Notes the application's threads, without the observer's: their calls into C may hold the GIL.
void Census::note_threads(PyObject* frames) {
    PyObject* key = nullptr;
    PyObject* frame = nullptr;
    Py_ssize_t position = 0;
    while (frames != nullptr && PyDict_Next(frames, &position, &key, &frame) != 0) {
        const pthread_t thread = PyLong_AsUnsignedLong(key);
        if (thread != sources_.bridge.thread() && thread != ::pthread_self()) {
            Subject subject =
                make_subject(Subject::Kind::Thread, fmt::format("thread {:#x}", thread));
            subject.stack = book_.add(frame);
            pending_.push_back({Ref(), std::move(subject), true});
        }
    }
}

// The greenlet that runs in the hub's thread has no frame of its own; its calls are the thread's.
void Census::note_running(PyObject* frames) {
    PyObject* frame = frame_in(frames, sources_.bridge.thread());
    if (frame == nullptr) {
        return;
    }
    const bool hub_runs = told_by(sources_.frame, sources_.bridge.hub()).get() == Py_None;
    Pending* running = nullptr;
    for (Pending& pending : pending_) {
        const Ref greenlet = pending.weak ? living(pending.weak.get()) : Ref();
        const bool may = greenlet && (hub_runs ? greenlet.get() == sources_.bridge.hub()
                                               : may_be_running(greenlet.get()));
        if (may && std::exchange(running, &pending) != nullptr) {
            return;  // unknown
        }
    }
    if (running != nullptr) {
        running->has_stack = true;
        running->subject.is_running = true;
        running->subject.stack = book_.add(frame);
    }
}

bool Census::may_be_running(PyObject* greenlet) const {
    if (greenlet == sources_.bridge.main() || greenlet == sources_.bridge.hub() ||
        told_by(sources_.frame, greenlet).get() != Py_None) {
        return false;
    }
    const Response* response = sources_.requests.find(greenlet_of(greenlet));
    return response == nullptr || (!response->request().reader && !response->request().writer);
}

bool Census::go_on(Duration budget) {
    const NoCollection guard;
    const TimePoint end = Clock::now() + budget;
    while (described_ < pending_.size()) {
        Pending& pending = pending_[described_++];
        if (pending.has_stack || describe(pending)) {
            subjects_.push_back(std::move(pending.subject));
        }
        if (described_ % kAtOnce == 0 && Clock::now() >= end) {
            return described_ < pending_.size();
        }
    }
    return false;
}

// False: the greenlet has ended.
bool Census::describe(Pending& pending) {
    const Ref greenlet = living(pending.weak.get());
    if (!greenlet || !is_active(greenlet.get())) {
        return false;
    }
    Subject& subject = pending.subject;
    subject.stack = book_.add(told_by(sources_.frame, greenlet.get()).get());
    if (subject.kind == Subject::Kind::Background || subject.kind == Subject::Kind::Raw) {
        subject.name = book_.outermost(subject.stack, sources_.gevent).function;
        subject.spawned = spawn_point(greenlet.get());
    }
    return true;
}

// Where the greenlet was spawned, which gevent remembers.
std::string Census::spawn_point(PyObject* greenlet) {
    if (PyObject_TypeCheck(greenlet,
                           reinterpret_cast<PyTypeObject*>(sources_.greenlet_class.get())) == 0) {
        return "";
    }
    Ref frame = told_by(sources_.spawning_stack, greenlet);
    while (frame && frame.get() != Py_None) {
        const Ref code = Ref::steal(PyObject_GetAttrString(frame.get(), "f_code"));
        const Ref line = Ref::steal(PyObject_GetAttrString(frame.get(), "f_lineno"));
        if (!code || !line || !PyCode_Check(code.get()) || !PyLong_Check(line.get())) {
            break;
        }
        const Call& place = book_.place_of(code.get());
        if (place.file.compare(0, sources_.gevent.size(), sources_.gevent) != 0) {
            return fmt::format("{}:{} in {}", place.file, PyLong_AsLong(line.get()),
                               place.function);
        }
        frame = Ref::steal(PyObject_GetAttrString(frame.get(), "f_back"));
    }
    PyErr_Clear();
    return "";
}

Report Census::take() {
    return {std::move(subjects_), book_.read()};
}

}  // namespace geventd::py
