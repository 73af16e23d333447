// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/random_bits.h"
#include "log/logger.h"
#include "worker/process/forked.h"
#include "worker/python/api/api.h"
#include "worker/python/api/native_module.h"

// sticky_id for applications, and mark_id for what adapts libraries.

namespace geventd::py {

namespace {

PyObject* text_of(const std::string& text) {
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

// False with an exception.
bool read_text(PyObject* object, std::string_view& text) {
    Py_ssize_t size = 0;
    const char* bytes = PyUnicode_AsUTF8AndSize(object, &size);
    if (bytes == nullptr) {
        return false;
    }
    text = {bytes, static_cast<std::size_t>(size)};
    return true;
}

std::string random_id() {
    return fmt::format("{:016x}{:016x}", random_bits(), random_bits());
}

// A number of workers of which one alone knows a session, and no rule that leads to it.
void warn_without_rule(const config::Settings& settings) {
    static bool warned = false;
    if (settings.workers.processes > 1 && !std::exchange(warned, true)) {
        log::warning(
            "geventd.sticky_id() names no worker because `sticky` is not set: set where requests "
            "carry the id, such as sticky: {{cookie: NAME}}");
    }
}

PyObject* sticky_id(PyObject* module, PyObject* args) noexcept {
    const char* given = "";
    Py_ssize_t size = 0;
    if (!PyArg_ParseTuple(args, "|s#:sticky_id", &given, &size)) {
        return nullptr;
    }
    Api* api = worker_api_of(module, "make the id of a session");
    if (api == nullptr || api->parts() == nullptr) {
        return nullptr;
    }
    const std::string id =
        size == 0 ? random_id() : std::string(given, static_cast<std::size_t>(size));
    worker::StickySessions* const sticky = api->serving().bridge->worker().sticky();
    if (sticky == nullptr) {
        warn_without_rule(api->boot().settings);
        return text_of(id);
    }
    return text_of(sticky->mark_for_ever(id));
}

PyObject* mark_id(PyObject* module, PyObject* given) noexcept {
    std::string_view id;
    if (!read_text(given, id)) {
        return nullptr;
    }
    HubBridge* const bridge = native_state_of(module).bridge;
    if (bridge == nullptr || worker::is_forked_child() || bridge->worker().sticky() == nullptr) {
        return Ref::borrow(given).release();
    }
    return text_of(bridge->worker().sticky()->mark(id));
}

}  // namespace

PyMethodDef sticky_functions[] = {
    {"sticky_id", sticky_id, METH_VARARGS,
     "sticky_id(id='', /)\n--\n\n"
     "An id for a session that lives in this worker: `id`, or a random text, and the worker's\n"
     "mark. Requests that carry it where the setting `sticky` says are served by this worker, as\n"
     "long as it lives. RuntimeError outside of a worker."},
    {nullptr, nullptr, 0, nullptr},
};

PyMethodDef mark_functions[] = {
    {"mark_id", mark_id, METH_O, "mark_id(id) -> the id of a session of this worker."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
