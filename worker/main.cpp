// SPDX-License-Identifier: MIT
// geventd-worker: the worker program as an executable that starts CPython itself. Only the master
// runs it.
#include <cstdio>

#include "base/exit_code.h"
#include "worker/python/host/embedded_host.h"
#include "worker/python/process/program.h"

int main(int argc, char**) {
    if (argc < 2) {
        std::fputs("geventd-worker is run by geventd, not by hand\n", stderr);
        return static_cast<int>(geventd::ExitCode::CommandLine);
    }
    geventd::py::EmbeddedHost host;
    geventd::py::run_program(host);
}
