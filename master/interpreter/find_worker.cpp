// SPDX-License-Identifier: MIT
#include "master/interpreter/find_worker.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/own_folder.h"
#include "base/place.h"
#include "base/version.h"
#include "master/host/rights_of.h"
#include "master/interpreter/interpreter.h"
#include "master/interpreter/packages.h"
#include "master/interpreter/passage.h"

namespace geventd::master {

namespace {

namespace fs = std::filesystem;

/// The program that embeds a CPython.
struct Embedded {
    std::string executable;  ///< "": there is none
    std::vector<std::string> sought;
};

// `version`: "" is the default one.
Embedded find_embedded(const std::string& version) {
    const std::string name =
        version.empty() ? "geventd-worker" : fmt::format("geventd-worker-{}", version);
    const fs::path here = own_folder();
    Embedded embedded{"", {here / name, here / "worker" / name}};
    if (const std::string_view installed = GEVENTD_LIBEXEC; !installed.empty()) {
        embedded.sought.push_back(fs::path(installed) / name);
    }
    for (const std::string& place : embedded.sought) {
        if (::access(place.c_str(), X_OK) == 0) {
            embedded.executable = place;
            break;
        }
    }
    return embedded;
}

// Only an environment tells which interpreter a script of its starts.
bool may_be(const Interpreter& interpreter, const std::string& version) {
    return interpreter.exists() &&
           (interpreter.version.empty() || interpreter.version == version) &&
           (interpreter.is_environment || !interpreter.is_script());
}

// The interpreter of this version; "": there is none.
std::string find_on_path(const std::string& version) {
    const char* path = std::getenv("PATH");
    std::string_view folders = path == nullptr ? "" : path;
    while (!folders.empty()) {
        const std::string_view folder = folders.substr(0, folders.find(':'));
        folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
        std::string file = fmt::format("{}/python{}", folder, version);
        if (folder.starts_with('/') && may_be(Interpreter::at(file), version)) {
            return file;
        }
    }
    return {};
}

// The interpreter that the embedding worker of this version is made of.
std::string embedded_python(const std::string& version) {
    return version == GEVENTD_PYTHON_VERSION ? GEVENTD_PYTHON : "/usr/bin/python" + version;
}

std::string name_of(const Interpreter& interpreter) {
    return fmt::format("{} is CPython {}", interpreter.executable, interpreter.release);
}

[[noreturn]] void refuse(std::string_view key, const std::string& why) {
    throw std::runtime_error(fmt::format("{}: {}", key, why));
}

// Whoever has entered an environment need not know the key that names one.
std::string environment_key(const config::App& app) {
    return app.is_entered ? "app.virtualenv (VIRTUAL_ENV)" : "app.virtualenv";
}

// What was looked for, and the command that mends it, with a file: geventd is in no package index.
// `also`: programs that would do, too.
std::string missing_module(const Interpreter& interpreter,
                           const std::vector<std::string>& also = {}) {
    Folders sought = package_folders(interpreter);
    const Folders own = own_folders(interpreter.version);
    sought.insert(sought.end(), own.begin(), own.end());
    std::string tag = interpreter.version;
    std::erase(tag, '.');
    const std::string pip = interpreter.is_made_by_uv
                                ? "uv pip install --python " + interpreter.executable
                                : interpreter.executable + " -m pip install";
    return fmt::format(
        "{}, and geventd {} has no worker for it; looked for geventd/_worker.cpython-{}-*.so in "
        "{}{}{}; install it: {} ./geventd-{}-cp{}-*.whl",
        name_of(interpreter), kVersion, tag, fmt::join(sought, ", "),
        also.empty() ? "" : ", and for ", fmt::join(also, ", "), pip, kVersion, tag);
}

WorkerProgram run_by(const Interpreter& interpreter, std::string script) {
    return {interpreter.executable, std::move(script), interpreter.release, ""};
}

std::string find_module(const Interpreter& interpreter) {
    std::string script = find_script(package_folders(interpreter), interpreter.version);
    return script.empty() ? find_script(own_folders(interpreter.version), interpreter.version)
                          : script;
}

void expect_known(std::string_view key, const Interpreter& interpreter) {
    if (!interpreter.exists()) {
        refuse(key, fmt::format("there is no {}", interpreter.executable));
    }
    if (interpreter.version.empty()) {
        refuse(key, fmt::format("the files around {} do not tell its version: neither pyvenv.cfg, "
                                "nor a name such as python3.12, nor one folder lib/python3.*",
                                interpreter.executable));
    }
}

// app.python, if set, must name the CPython of the environment.
void expect_agreement(const Interpreter& interpreter, const std::string& python) {
    const bool is_path = python.find('/') != std::string::npos;
    if (python.empty() || (is_path ? interpreter.is_of(python) : python == interpreter.version)) {
        return;
    }
    refuse("app.virtualenv",
           fmt::format("{}, but app.python is {}: leave app.python out, or make the environment "
                       "anew with {} -m venv {}",
                       name_of(interpreter), python, is_path ? python : "python" + python,
                       interpreter.prefix));
}

// The embedded CPython in the environment of the interpreter, if that is one.
WorkerProgram embedding(const Embedded& embedded, const Interpreter& interpreter) {
    return {embedded.executable, "", interpreter.version,
            interpreter.is_environment ? interpreter.prefix : ""};
}

WorkerProgram find_for_environment(const config::App& app) {
    const std::string key = environment_key(app);
    const Interpreter interpreter = Interpreter::at(app.virtualenv + "/bin/python3");
    if (!interpreter.exists()) {
        refuse(key,
               fmt::format("{} is no virtual environment: it has no bin/python3; make one with "
                           "python3 -m venv {}",
                           app.virtualenv, app.virtualenv));
    }
    expect_known(key, interpreter);
    expect_agreement(interpreter, app.python);
    if (!interpreter.is_environment && !interpreter.lives_in_prefix()) {
        refuse(key,
               fmt::format("{} is no virtual environment: it has no pyvenv.cfg, without which its "
                           "python3 is that of {}; make it anew with {} -m venv {}",
                           app.virtualenv, interpreter.origin, interpreter.origin, app.virtualenv));
    }
    if (std::string script = find_module(interpreter); !script.empty()) {
        return run_by(interpreter, std::move(script));
    }
    const Embedded embedded = find_embedded(interpreter.version);
    if (embedded.executable.empty()) {
        refuse(key, missing_module(interpreter, embedded.sought));
    }
    const std::string python = embedded_python(interpreter.version);
    if (!interpreter.is_of(python)) {
        refuse(key, fmt::format("{} embeds the CPython of {}, which is another build: {}",
                                embedded.executable, python, missing_module(interpreter)));
    }
    return embedding(embedded, interpreter);
}

WorkerProgram find_by_path(const std::string& python) {
    const Interpreter interpreter = Interpreter::at(python);
    expect_known("app.python", interpreter);
    if (std::string script = find_module(interpreter); !script.empty()) {
        return run_by(interpreter, std::move(script));
    }
    const Embedded embedded = find_embedded(interpreter.version);
    if (embedded.executable.empty() || !interpreter.is_of(embedded_python(interpreter.version))) {
        refuse("app.python", missing_module(interpreter));
    }
    return embedding(embedded, interpreter);
}

// The interpreter of the wheel is beside this program, or on PATH (pip install --user, --target).
WorkerProgram find_for_wheel(const WheelPackage& own) {
    const std::string versioned = "python" + own.version;
    for (const std::string& name : {std::string("python3"), versioned}) {
        const Interpreter beside = Interpreter::at(own_folder() + "/" + name);
        if (!beside.version.empty() && may_be(beside, own.version)) {
            return run_by(beside, own.script);
        }
    }
    const std::string python = find_on_path(own.version);
    if (python.empty()) {
        throw std::runtime_error(fmt::format(
            "geventd was installed for CPython {}, but there is no {} beside it in {} or on PATH "
            "that is no script; name the interpreter with app.python",
            own.version, versioned, own_folder()));
    }
    return run_by(Interpreter::at(python), own.script);
}

WorkerProgram find_by_version(const std::string& version) {
    const Embedded embedded = find_embedded(version);
    if (!embedded.executable.empty()) {
        return {embedded.executable, "", version, ""};
    }
    if (const WheelPackage own = find_own_package(); own.version == version) {
        return find_for_wheel(own);
    }
    const std::string python = find_on_path(version);
    if (python.empty()) {
        refuse("app.python",
               fmt::format("it is {}, but there is no geventd-worker-{}; looked for {}, and for "
                           "python{} on PATH that is no script",
                           version, version, fmt::join(embedded.sought, ", "), version));
    }
    return find_by_path(python);
}

WorkerProgram choose(const config::App& app) {
    if (!app.virtualenv.empty()) {
        return find_for_environment(app);
    }
    if (!app.python.empty()) {
        return app.python.find('/') == std::string::npos ? find_by_version(app.python)
                                                         : find_by_path(app.python);
    }
    if (const WheelPackage own = find_own_package(); !own.script.empty()) {
        return find_for_wheel(own);
    }
    const Embedded embedded = find_embedded("");
    if (!embedded.executable.empty()) {
        return {embedded.executable, "", GEVENTD_PYTHON_VERSION, ""};
    }
    const bool is_of_wheel = std::string_view(GEVENTD_LIBEXEC).empty();
    throw std::runtime_error(
        is_of_wheel
            ? fmt::format("the package geventd that a wheel has installed with {}/geventd is gone: "
                          "there is no geventd/_worker.cpython-*.so below {}; install the wheel "
                          "again, and if a server runs, geventctl upgrade brings it into service",
                          own_folder(), fs::path(own_folder()).parent_path().string())
            : fmt::format("there is no geventd-worker; looked for {}; name an interpreter with "
                          "app.python",
                          fmt::join(embedded.sought, ", ")));
}

// `why`: "" if the workers' user can use the file.
void expect_no_reason(const std::string& why, const std::string& file, const Identity& identity) {
    if (!why.empty()) {
        throw std::runtime_error(
            fmt::format("{}{} cannot use {}: {}", identity.user ? "process.user: " : "",
                        user_text(identity.user.value_or(::geteuid())), file, why));
    }
}

void expect_readable(const std::string& file, const Identity& identity) {
    expect_no_reason(why_not_readable(file, identity), file, identity);
}

void expect_executable(const std::string& program, const Identity& identity) {
    expect_no_reason(why_not_executable(program, identity), program, identity);
}

// The package and the interpreter beside this program that a wheel was installed for.
void expect_passage_of_wheel(const config::App& app, const Identity& identity) {
    const WheelPackage own = find_own_package();
    if (!own.script.empty() && (app.python.empty() || app.python == own.version)) {
        expect_readable(own.script, identity);
        expect_executable(own_folder() + "/python3", identity);
    }
}

// What the configuration names, before anything is read there.
void expect_passage(const config::App& app, const Identity& identity) {
    std::string python = app.python;
    if (!app.virtualenv.empty()) {
        python = app.virtualenv + "/bin/python3";
    }
    if (python.find('/') != std::string::npos) {
        expect_executable(python, identity);
        // CPython does not start beside one that it may not read.
        expect_readable(environment_file(python), identity);
    } else {
        expect_passage_of_wheel(app, identity);
    }
}

// An environment may belong to the workers' user, who could put links to what only root may read.
WorkerProgram choose_as(const config::App& app, const Identity& identity) {
    const RightsOf rights(identity);
    return choose(app);
}

void expect_usable(const WorkerProgram& program, const Identity& identity) {
    expect_executable(program.executable, identity);
    if (!program.script.empty()) {
        expect_readable(program.script, identity);
    }
}

}  // namespace

WorkerProgram find_worker(const config::App& app, const Identity& identity) {
    if (const char* named = std::getenv("GEVENTD_WORKER"); named != nullptr && *named != '\0') {
        return {named, "", "", ""};
    }
    expect_passage(app, identity);
    WorkerProgram program = choose_as(app, identity);
    program.is_entered = app.is_entered;
    expect_usable(program, identity);
    return program;
}

}  // namespace geventd::master
