// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/cpu_times.h"

#include <time.h>

#include <chrono>
#include <utility>

#include "worker/python/base/error.h"
#include "worker/python/base/greenlet_object.h"

namespace geventd::py {

namespace {

constexpr char kTraceName[] = "geventd_cpu_time";

Duration time_of_thread() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

CpuTimes::CpuTimes(const RequestRunner& runner) : runner_(runner), since_(time_of_thread()) {
    // Its arguments are the kind of event, and the greenlets that are left and entered.
    static PyMethodDef definition{
        kTraceName,
        [](PyObject* capsule, PyObject* arguments) noexcept -> PyObject* {
            auto* const self = static_cast<CpuTimes*>(PyCapsule_GetPointer(capsule, kTraceName));
            PyObject* const greenlets = PyTuple_GetItem(arguments, 1);
            PyObject* const origin = greenlets == nullptr ? nullptr : PyTuple_GetItem(greenlets, 0);
            if (origin == nullptr) {
                return nullptr;
            }
            self->left(greenlet_of(origin));
            return self->call_former(arguments) ? Ref::borrow(Py_None).release() : nullptr;
        },
        METH_VARARGS, nullptr};
    const Ref capsule = checked(PyCapsule_New(this, kTraceName, nullptr));
    const Ref function = checked(PyCFunction_New(&definition, capsule.get()));
    former_ = checked(PyObject_CallOneArg(imported("greenlet", "settrace").get(), function.get()));
}

void CpuTimes::left(const worker::Greenlet* greenlet) noexcept {
    const Duration now = time_of_thread();
    const Duration used = now - std::exchange(since_, now);
    if (const Response* response = runner_.find(greenlet)) {
        response->request().times.cpu += used;
    }
}

bool CpuTimes::call_former(PyObject* arguments) const {
    if (former_.get() == Py_None) {
        return true;
    }
    return static_cast<bool>(Ref::steal(PyObject_Call(former_.get(), arguments, nullptr)));
}

}  // namespace geventd::py
