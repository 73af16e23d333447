// SPDX-License-Identifier: MIT
#include "worker/python/base/interpreter.h"

#include <unistd.h>

#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "alarm_py.h"
#include "application_py.h"
#include "boot_py.h"
#include "end_py.h"
#include "foreign_py.h"
#include "fork_py.h"
#include "handed_over_py.h"
#include "hooks_py.h"
#include "log/logger.h"
#include "plugins_py.h"
#include "private_py.h"
#include "sticky_py.h"
#include "worker/python/base/boot_part.h"
#include "worker/python/base/error.h"
#include "worker/python/base/unix_signals.h"

namespace geventd::py {

namespace {

// How many interruptions in a row are retried: beyond this, the application only interrupts.
constexpr int kMostInterruptions = 10;

// How long the end in Python may take in a process that does not serve.
constexpr double kLastSeconds = 3.0;

// Each part comes after the parts that it uses.
constexpr struct {
    const char* name;
    std::span<const unsigned char> code;
} kBootParts[] = {
    {"_geventd_foreign", kForeignPy}, {"_geventd_plugins", kPluginsPy},
    {"_geventd_boot", kBootPy},       {"_geventd_application", kApplicationPy},
    {"_geventd_fork", kForkPy},       {"_geventd_private", kPrivatePy},
    {"_geventd_alarm", kAlarmPy},     {"_geventd_handed_over", kHandedOverPy},
    {"_geventd_hooks", kHooksPy},     {"_geventd_sticky", kStickyPy},
    {"_geventd_end", kEndPy},
};

Ref find_function(const std::vector<Ref>& parts, const char* function) {
    for (const Ref& part : parts) {
        if (PyObject_HasAttrString(part.get(), function) != 0) {
            return checked(PyObject_GetAttrString(part.get(), function));
        }
    }
    throw std::logic_error(std::string("geventd's own Python has no ") + function);
}

std::vector<Ref> set_up(const config::App& app) {
    show_interrupts_to_python();
    std::vector<Ref> parts;
    for (const auto& part : kBootParts) {
        parts.push_back(load_part(part.name, part.code));
    }
    const Ref paths = checked(PyList_New(0));
    for (const std::string& path : app.python_path) {
        const Ref item = checked(PyUnicode_DecodeFSDefault(path.c_str()));
        if (PyList_Append(paths.get(), item.get()) < 0) {
            throw_pending();
        }
    }
    checked(PyObject_CallOneArg(find_function(parts, "set_up").get(), paths.get()));
    return parts;
}

// Tells of the pending exception and clears it. What else ends a program is no news at the end.
void tell_of_interruption() {
    if (PyErr_ExceptionMatches(PyExc_SystemExit) != 0 ||
        PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
        PyErr_Clear();
        return;
    }
    const Ref exception = take_exception();
    log::error("the end of this process goes on:\n{}", traceback_text(exception.get()));
}

Ref called(const Ref& callable, const Ref& argument) {
    return Ref::steal(argument ? PyObject_CallOneArg(callable.get(), argument.get())
                               : PyObject_CallNoArgs(callable.get()));
}

}  // namespace

Interpreter::Interpreter(const config::App& app, ProcessTitle& title)
    : boot_(set_up(app)), forks_(boot("leave"), title) {}

Ref Interpreter::boot(const char* function) const {
    return find_function(boot_, function);
}

// Returns the result of a call. Throws an exception as PythonError, as boot.describe() tells it.
Ref Interpreter::told(Ref result) const {
    end_if_forked();
    if (result) {
        return result;
    }
    const Ref exception = take_exception();
    const Ref text = Ref::steal(PyObject_CallOneArg(boot("describe").get(), exception.get()));
    if (!text) {
        PyErr_Clear();
        throw PythonError(traceback_text(exception.get()));
    }
    throw PythonError(shown_text(text.get()));
}

Ref Interpreter::call(const char* function, const Ref& argument) const {
    return told(called(boot(function), argument));
}

Ref Interpreter::call_at_end(const char* function, const Ref& argument) const {
    const Ref callable = boot(function);
    for (int interruptions = 0;; ++interruptions) {
        Ref result = called(callable, argument);
        if (result || interruptions == kMostInterruptions) {
            return told(std::move(result));
        }
        end_if_forked();
        tell_of_interruption();
    }
}

void Interpreter::leave(int code) const noexcept {
    const Ref leave = Ref::steal(PyObject_GetAttrString(boot_.back().get(), "leave"));
    // Called again if a Python handler of Unix signals raises between two steps; each step is done
    // only once.
    Ref result;
    for (int times = 0; leave && !result && times <= kMostInterruptions; ++times) {
        result = Ref::steal(PyObject_CallNoArgs(leave.get()));
        if (!result) {
            tell_of_interruption();
        }
    }
    log::finish();
    ::_exit(code);
}

void Interpreter::leave_early(int code) const noexcept {
    try {
        call_at_end("begin_end", checked(Py_BuildValue("(dd)", 0.0, kLastSeconds)));
    } catch (const std::exception& error) {
        log::error("the end of this process goes on: {}", error.what());
    }
    leave(code);
}

}  // namespace geventd::py
