// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "ipc/channel.h"
#include "worker/process/boot_info.h"
#include "worker/python/api/api.h"
#include "worker/python/api/native_module.h"
#include "worker/python/base/interpreter.h"
#include "worker/python/base/process_title.h"
#include "worker/python/process/hub_parts.h"
#include "worker/python/wsgi/applications.h"

namespace geventd::py {

/// A process of geventd-worker: what it got from the master and what it made while it loaded the
/// application. A forked worker or spare continues with a copy.
/// Lives in: template, worker, check. One a process, on the heap and never destroyed: greenlets of
/// the application, threads and fork hooks use its parts up to the end.
struct Process {
    explicit Process(ipc::Channel to_master) : channel(std::move(to_master)) {}

    ipc::Channel channel;  ///< to the master
    worker::BootInfo boot;
    ProcessTitle title;
    std::optional<Interpreter> python;  ///< this and the members below: empty before CPython runs
    std::optional<NativeModule> native;
    std::optional<Api> api;
    Applications applications;
    UniqueFd stacks;  ///< the file of write_stacks_on_signal()

    // Only in a worker, from before its hooks run.
    std::unique_ptr<worker::Overtime> overtime;
    std::unique_ptr<HubParts> hub;
    std::string hub_fault;  ///< why the hub parts cannot be made
};

}  // namespace geventd::py
