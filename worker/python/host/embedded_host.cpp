// SPDX-License-Identifier: MIT
#include "worker/python/host/embedded_host.h"

#include <Python.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/errno_error.h"
#include "worker/python/api/api.h"

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

// Avoids setenv(), which searches the whole environment for each variable. The strings live as long
// as the process, as those of setenv() do.
void set_environment(const std::map<std::string, std::string>& given) {
    if (given.empty()) {
        return;
    }
    std::vector<char*> variables;
    for (char** old = environ; old != nullptr && *old != nullptr; ++old) {
        const std::string_view text = *old;
        if (!given.contains(std::string(text.substr(0, text.find('='))))) {
            variables.push_back(*old);
        }
    }
    for (const auto& [name, value] : given) {
        std::string variable = name;
        variable.append("=").append(value);
        variables.push_back(::strdup(variable.c_str()));
    }
    variables.push_back(nullptr);
    auto** const lasting = static_cast<char**>(std::calloc(variables.size(), sizeof(char*)));
    if (lasting == nullptr) {
        throw std::bad_alloc();
    }
    std::copy(variables.begin(), variables.end(), lasting);
    environ = lasting;
}

}  // namespace

void EmbeddedHost::start(const config::App& app) {
    set_environment(app.environment);
    if (!app.chdir.empty() && ::chdir(app.chdir.c_str()) != 0) {
        throw_errno("app.chdir", app.chdir);
    }
    chunks_ = std::make_unique<StackChunks>();
    announce_module();
    start_python(program_name(app));
}

}  // namespace geventd::py
