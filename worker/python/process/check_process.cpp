// SPDX-License-Identifier: MIT
#include "worker/python/process/check_process.h"

#include "base/exit_code.h"
#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/process/forking.h"
#include "worker/python/process/load.h"
#include "worker/python/process/preload.h"
#include "worker/python/process/to_master.h"

namespace geventd::py {

namespace {

void rehearse(const Interpreter& python, const config::App& app, bool forked) {
    if (forked) {
        rehearse_fork(python);
    }
    patch_before_start(python, app);
    checked(PyObject_CallNoArgs(imported("gevent", "get_hub").get()));
}

}  // namespace

void run_check(Host& host, Process& process) {
    log::set_role("template");
    const Preload preload;
    LoadSteps steps;
    steps.after = [&] {
        const bool forked =
            preload.can_be_forked(*process.python, process.boot.settings.app, process.channel);
        rehearse(*process.python, process.boot.settings.app, forked);
    };
    load(host, process, steps);
    tell(process.channel, ipc::MessageType::Loaded);
    process.python->leave(static_cast<int>(ExitCode::Ok));
}

}  // namespace geventd::py
