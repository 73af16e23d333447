// SPDX-License-Identifier: MIT
#include "worker/python/host/embedded_host.h"

#include <Python.h>

#include <unistd.h>

#include <stdexcept>
#include <string>

#include "worker/python/api/api.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

void check(const PyStatus& status, const char* step) {
    if (PyStatus_Exception(status) != 0) {
        throw std::runtime_error(std::string("cannot start Python: ") + step + ": " +
                                 (status.err_msg != nullptr ? status.err_msg : "unknown error"));
    }
}

// CPython derives prefix and site-packages from the path of "its" executable, as `python` in a
// virtual environment does.
std::string program_name(const config::App& app) {
    if (app.virtualenv.empty()) {
        return GEVENTD_PYTHON;
    }
    std::string python = app.virtualenv + "/bin/python3";
    if (::access(python.c_str(), X_OK) != 0) {
        throw std::runtime_error("app.virtualenv: " + app.virtualenv +
                                 " is no virtual environment: it has no bin/python3");
    }
    return python;
}

void start_python(const std::string& program) {
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.parse_argv = 0;
    config.pathconfig_warnings = 0;
    try {
        check(PyConfig_SetBytesString(&config, &config.program_name, program.c_str()), "its name");
        char name[] = "geventd";
        char* arguments[] = {name};
        check(PyConfig_SetBytesArgv(&config, 1, arguments), "its arguments");
        check(Py_InitializeFromConfig(&config), "initialisation");
    } catch (...) {
        PyConfig_Clear(&config);
        throw;
    }
    PyConfig_Clear(&config);
}

}  // namespace

Ref EmbeddedHost::start(const config::App& app) {
    PyImport_AppendInittab("geventd", make_module);
    start_python(program_name(app));
    return imported("geventd");
}

}  // namespace geventd::py
