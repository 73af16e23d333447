// SPDX-License-Identifier: MIT
#include "worker/python/api/api.h"

// reload and stop. They go over the worker's channel to the master, because a worker that runs as
// another user cannot send the master a Unix signal.

namespace geventd::py {

namespace {

PyObject* demand(PyObject* module, ipc::Demand what, const char* action) noexcept {
    Api* api = worker_api_of(module, action);
    if (api == nullptr) {
        return nullptr;
    }
    ipc::Message message;
    message.type = ipc::MessageType::Demand;
    message.value = static_cast<std::uint32_t>(what);
    if (auto sent = api->channel()->send_within(ipc::kMasterPatience, message); !sent) {
        PyErr_Format(PyExc_RuntimeError, "the master cannot be told: %s",
                     sent.error().message.c_str());
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* reload(PyObject* module, PyObject*) noexcept {
    return demand(module, ipc::Demand::Reload, "ask for a reload");
}

PyObject* stop(PyObject* module, PyObject*) noexcept {
    return demand(module, ipc::Demand::Stop, "stop the server");
}

}  // namespace

PyMethodDef server_functions[] = {
    {"reload", reload, METH_NOARGS,
     "reload()\n--\n\n"
     "Asks the master for a reload, as `geventctl reload` does, and returns at once: this worker\n"
     "serves until its successors are ready. RuntimeError outside of a worker."},
    {"stop", stop, METH_NOARGS,
     "stop()\n--\n\n"
     "Asks the master to finish what is in flight and to stop. RuntimeError outside of a worker."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
