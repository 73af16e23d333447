// SPDX-License-Identifier: MIT
#include "worker/python/api/native_module.h"

#include "worker/python/api/options.h"
#include "worker/python/base/add_object.h"
#include "worker/python/base/error.h"
#include "worker/python/base/uwsgi_version.h"

namespace geventd::py {

namespace {

int traverse(PyObject* module, visitproc visit, void* arg) {
    Py_VISIT(native_state_of(module).after_request);
    Py_VISIT(native_state_of(module).context_type);
    return 0;
}

int clear(PyObject* module) {
    Py_CLEAR(native_state_of(module).after_request);
    Py_CLEAR(native_state_of(module).context_type);
    return 0;
}

PyModuleDef definition{PyModuleDef_HEAD_INIT,
                       "_geventd_worker",
                       "What geventd-worker tells the module uwsgi.",
                       sizeof(NativeState),
                       nullptr,
                       nullptr,
                       traverse,
                       clear,
                       nullptr};

void add(PyObject* module, const char* name, const Ref& value) {
    if (add_object(module, name, value.get()) < 0) {
        throw_pending();
    }
}

Ref listening_fds(const worker::BootInfo& boot) {
    Ref list = checked(PyList_New(0));
    for (const worker::Listening& listening : boot.listeners) {
        const Ref fd = checked(PyLong_FromLong(listening.fd.get()));
        if (PyList_Append(list.get(), fd.get()) < 0) {
            throw_pending();
        }
    }
    return list;
}

void add_facts(PyObject* module, const worker::BootInfo& boot) {
    const bool lazy =
        boot.role == ipc::Role::Worker || boot.settings.app.preload == config::Preload::Never;
    const config::Settings& settings = boot.settings;
    const auto number = [](std::uint64_t value) {
        return checked(PyLong_FromUnsignedLongLong(value));
    };
    const auto bytes = [](const std::string& text) {
        return checked(
            PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
    };
    add(module, "version", checked(PyBytes_FromString(kUwsgiVersion)));
    add(module, "numproc", checked(PyLong_FromLong(settings.workers.processes)));
    add(module, "cores", checked(PyLong_FromLong(settings.workers.cores)));
    add(module, "buffer_size", number(settings.limits.request_head));
    add(module, "started_on", number(static_cast<std::uint64_t>(boot.scoreboard->started.load())));
    add(module, "is_a_reload", checked(PyBool_FromLong(boot.generation > 1 ? 1 : 0)));
    add(module, "sockets", listening_fds(boot));
    add(module, "options", uwsgi_options(settings, lazy));
    add(module, "config_file", bytes(settings.source));
    add(module, "start_folder", bytes(boot.folder));
    add(module, "applications", checked(PyDict_New()));
    add(module, "startup_times", checked(PyDict_New()));
    if (!settings.process.pidfile.empty()) {
        add(module, "pidfile", bytes(settings.process.pidfile));
    }
}

}  // namespace

NativeState& native_state_of(PyObject* module) {
    return *static_cast<NativeState*>(PyModule_GetState(module));
}

NativeModule::NativeModule(const worker::BootInfo& boot, ProcessTitle& title)
    : module_(checked(PyModule_Create(&definition))) {
    NativeState& state = native_state_of(module_.get());
    state.boot = &boot;
    state.title = &title;
    for (PyMethodDef* functions :
         {process_functions, request_functions, end_functions, mark_functions, atomic_functions}) {
        if (PyModule_AddFunctions(module_.get(), functions) < 0) {
            throw_pending();
        }
    }
    if (websocket::is_built()) {  // libraries look for the names
        state.context_type = checked(make_context_type()).release();
        if (PyModule_AddFunctions(module_.get(), uwsgi_websocket_functions) < 0) {
            throw_pending();
        }
    }
    if (PyModule_AddIntConstant(module_.get(), "ALARM", alarm_signal()) < 0) {
        throw_pending();
    }
    add_facts(module_.get(), boot);
    if (PyDict_SetItemString(PyImport_GetModuleDict(), definition.m_name, module_.get()) < 0) {
        throw_pending();
    }
}

void NativeModule::serve(HubBridge& bridge, RequestRunner& runner, WebSockets& sockets) {
    NativeState& state = native_state_of(module_.get());
    state.bridge = &bridge;
    state.runner = &runner;
    state.sockets = &sockets;
    runner.set_after_request(Ref::borrow(state.after_request));
}

void NativeModule::hold_off_by(AtomicSections& sections) {
    native_state_of(module_.get()).sections = &sections;
}

}  // namespace geventd::py
