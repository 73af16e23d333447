// SPDX-License-Identifier: MIT
#pragma once

#include "config/settings.h"
#include "master/host/privileges.h"
#include "master/process/worker_program.h"

namespace geventd::master {

/// What is to run the application:
///   1. GEVENTD_WORKER: that program
///   2. app.virtualenv: its bin/python3 if there is a module for it, in the environment or beside
///      this program; else the worker that embeds the CPython of the environment
///   3. app.python: the worker that embeds that version, else the interpreter of that version for
///      which a wheel has installed this program, or on PATH; or the interpreter of that path, or
///      the worker that embeds it
///   4. the interpreter for which a wheel has installed this program
///   5. the worker that embeds CPython
/// `identity` is the workers' user, who must be able to read what was found. Throws
/// std::runtime_error with a sentence that says what was looked for, and what mends it.
WorkerProgram find_worker(const config::App& app, const Identity& identity);

}  // namespace geventd::master
