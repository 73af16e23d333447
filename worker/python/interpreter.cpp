// SPDX-License-Identifier: MIT
#include "worker/python/interpreter.h"

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

#include "alarm_py.h"
#include "base/errno_error.h"
#include "boot_py.h"
#include "end_py.h"
#include "foreign_py.h"
#include "fork_py.h"
#include "handed_over_py.h"
#include "log/logger.h"
#include "worker/python/api/api.h"
#include "worker/python/error.h"
#include "worker/python/stack_chunks.h"
#include "worker/python/unix_signals.h"

namespace geventd::py {

namespace {

void check(const PyStatus& status, const char* deed) {
    if (PyStatus_Exception(status) != 0) {
        throw std::runtime_error(std::string("cannot start Python: ") + deed + ": " +
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

// setenv() walks through the whole environment for each variable. The texts live as long as the
// process, as the C library's own do.
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

// Parts that use another one come behind it.
constexpr struct {
    const char* name;
    const char* file;
    const char* source;
} kBootParts[] = {
    {"_geventd_foreign", "<geventd>/foreign.py", kForeignPy},
    {"_geventd_boot", "<geventd>/boot.py", kBootPy},
    {"_geventd_fork", "<geventd>/fork.py", kForkPy},
    {"_geventd_alarm", "<geventd>/alarm.py", kAlarmPy},
    {"_geventd_handed_over", "<geventd>/handed_over.py", kHandedOverPy},
    {"_geventd_end", "<geventd>/end.py", kEndPy},
};

}  // namespace

Interpreter::Interpreter(const config::App& app) {
    set_environment(app.environment);
    if (!app.chdir.empty() && ::chdir(app.chdir.c_str()) != 0) {
        throw_errno("app.chdir", app.chdir);
    }
    install_stack_chunk_cache();
    announce_module();
    start_python(program_name(app));
    show_interrupts_to_python();
    for (const auto& part : kBootParts) {
        const Ref code = checked(Py_CompileString(part.source, part.file, Py_file_input));
        boot_.push_back(checked(PyImport_ExecCodeModule(part.name, code.get())));
    }
    const Ref paths = checked(PyList_New(0));
    for (const std::string& path : app.python_path) {
        const Ref item = checked(PyUnicode_DecodeFSDefault(path.c_str()));
        if (PyList_Append(paths.get(), item.get()) < 0) {
            throw_pending();
        }
    }
    checked(PyObject_CallOneArg(boot("set_up").get(), paths.get()));
}

Ref Interpreter::boot(const char* function) const {
    for (const Ref& part : boot_) {
        if (PyObject_HasAttrString(part.get(), function) != 0) {
            return checked(PyObject_GetAttrString(part.get(), function));
        }
    }
    throw std::logic_error(std::string("geventd's own Python has no ") + function);
}

void Interpreter::leave(int code) const noexcept {
    const Ref leave = Ref::steal(PyObject_GetAttrString(boot_.back().get(), "leave"));
    // Again if a Python handler of Unix signals raises before its first line; each step is done
    // once.
    constexpr int kMostTimes = 3;
    Ref result;
    for (int times = 0; leave && !result && times < kMostTimes; ++times) {
        result = Ref::steal(PyObject_CallNoArgs(leave.get()));
        if (!result) {
            log::error("Python's end failed:\n{}", traceback_text(take_exception().get()));
        }
    }
    log::finish();
    ::_exit(code);
}

}  // namespace geventd::py
