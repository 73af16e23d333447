// SPDX-License-Identifier: MIT
#include "worker/python/process/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <exception>
#include <memory>
#include <utility>

#include "base/exit_code.h"
#include "base/fd.h"
#include "log/logger.h"
#include "worker/process/boot_info.h"
#include "worker/process/interrupts.h"
#include "worker/process/overtime.h"
#include "worker/python/process/check_process.h"
#include "worker/python/process/process.h"
#include "worker/python/process/template_process.h"
#include "worker/python/process/to_master.h"
#include "worker/python/process/worker_process.h"

namespace geventd::py {

namespace {

// This process' user may not be allowed to open the log (a pipe of root's, say), so the master has
// opened it.
void take_log_of_master() {
    struct stat ours {
    }, theirs{};

    if (::fstat(ipc::kLogFd, &theirs) == 0 && ::fstat(STDERR_FILENO, &ours) == 0 &&
        ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino &&
        (::fcntl(ipc::kLogFd, F_GETFL) & O_NONBLOCK) != 0) {
        set_cloexec(ipc::kLogFd, true);
        log::adopt(UniqueFd::adopt(ipc::kLogFd));
    }
}

void open_log(worker::BootInfo& boot) {
    const config::Log& settings = boot.settings.log;
    log::open(STDERR_FILENO, static_cast<log::Level>(settings.level),
              static_cast<log::Format>(settings.format));
    log::mark_severities(boot.log_has_marks);
    take_log_of_master();
    if (const UniqueFd access = std::move(boot.access_log)) {
        log::open_access(access.get());
    }
}

}  // namespace

void run_program(Host& host) {
    set_cloexec(ipc::kChannelFd, true);
    worker::leave_interrupts_to_master();
    worker::die_with_master(true);
    Process& process =
        *std::make_unique<Process>(ipc::Channel(UniqueFd::adopt(ipc::kChannelFd))).release();
    try {
        process.boot = worker::unpack(wait_for_boot(process.channel));
        open_log(process.boot);
    } catch (const std::exception& error) {
        fail(process.channel, ExitCode::Internal, error.what());
    }
    switch (process.boot.role) {
        case ipc::Role::Template:
            run_template(host, process);
        case ipc::Role::Worker:
            run_worker(host, process);
        case ipc::Role::Check:
            run_check(host, process);
    }
    fail(process.channel, ExitCode::Internal, "the master asks for what this program cannot be");
}

}  // namespace geventd::py
