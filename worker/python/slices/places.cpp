// SPDX-License-Identifier: MIT
#include "worker/python/slices/places.h"

#include <string_view>

#include "worker/python/base/error.h"
#include "worker/python/base/greenlet_object.h"

namespace geventd::py {

namespace {

constexpr char kCapsuleName[] = "geventd_collection";

std::string folder_of_gevent() {
    const Ref file = imported("gevent", "__file__");
    const char* const path = PyUnicode_AsUTF8(file.get());
    if (path == nullptr) {
        throw_pending();
    }
    const std::string_view text(path);
    return std::string(text.substr(0, text.rfind('/') + 1));
}

}  // namespace

Places::Places(const HubBridge& bridge, Runners runners, const AtomicSections& sections,
               bool background)
    : bridge_(bridge),
      runners_(runners),
      sections_(sections),
      background_(background),
      own_{folder_of_gevent(), "<geventd>/", "<frozen importlib"} {
    static PyMethodDef definition{
        kCapsuleName,
        [](PyObject* capsule, PyObject* arguments) noexcept -> PyObject* {
            auto* const self = static_cast<Places*>(PyCapsule_GetPointer(capsule, kCapsuleName));
            PyObject* const given = PyTuple_GetItem(arguments, 0);
            const char* const phase = given == nullptr ? nullptr : PyUnicode_AsUTF8(given);
            if (phase == nullptr) {
                return nullptr;
            }
            self->collects_ = std::string_view(phase) == "start";
            Py_RETURN_NONE;
        },
        METH_VARARGS, nullptr};
    const Ref capsule = checked(PyCapsule_New(this, kCapsuleName, nullptr));
    const Ref function = checked(PyCFunction_New(&definition, capsule.get()));
    if (PyList_Append(imported("gc", "callbacks").get(), function.get()) < 0) {
        throw_pending();
    }
}

bool Places::let_suspend(PyObject* frame) const noexcept {
    if (collects_ || PyThreadState_Get()->tracing != 0) {
        return false;
    }
    const Ref greenlet = bridge_.current_greenlet();
    // Parts of other greenlets are left alone: nobody knows what their makers expect of a switch.
    const Ref parent = Ref::steal(PyObject_GetAttrString(greenlet.get(), "parent"));
    const bool allowed = parent && parent.get() == bridge_.hub() &&
                         greenlet.get() != bridge_.main() &&
                         !sections_.contain(greenlet_of(greenlet.get())) && !is_of_ours(frame);
    PyErr_Clear();
    return allowed;
}

bool Places::share_time() const noexcept {
    return background_ || runners_.handlers.current() != nullptr ||
           runners_.requests.find(bridge_.running_greenlet()) != nullptr;
}

// Whether the function that runs is one of gevent, geventd or Python's import.
bool Places::is_of_ours(PyObject* frame) const {
    if (PyFrame_Check(frame) == 0) {
        return true;
    }
    const Ref code = Ref::steal(
        reinterpret_cast<PyObject*>(PyFrame_GetCode(reinterpret_cast<PyFrameObject*>(frame))));
    const char* const path =
        PyUnicode_AsUTF8(reinterpret_cast<PyCodeObject*>(code.get())->co_filename);
    if (path == nullptr) {
        return true;
    }
    for (const std::string& begin : own_) {
        if (std::string_view(path).substr(0, begin.size()) == begin) {
            return true;
        }
    }
    return false;
}

}  // namespace geventd::py
