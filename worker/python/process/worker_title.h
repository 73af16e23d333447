// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "worker/process/boot_info.h"
#include "worker/python/base/process_title.h"
#include "worker/serve/worker.h"

namespace geventd::py {

/// What ps shows of a worker: "geventd: worker 2 app (gen 3, 41/100 cores)". Follows the busy cores
/// within a second, until the application sets a title of its own.
/// Lives in: worker.
class WorkerTitle {
  public:
    WorkerTitle(const worker::BootInfo& boot, worker::Worker& worker, ProcessTitle& title);
    WorkerTitle(const WorkerTitle&) = delete;
    WorkerTitle& operator=(const WorkerTitle&) = delete;
    ~WorkerTitle();

  private:
    void show();

    worker::Worker& worker_;
    ProcessTitle& title_;
    std::string start_;
};

/// The title of a template, or of a worker that does not serve yet.
void show_role_title(const worker::BootInfo& boot, ProcessTitle& title);

}  // namespace geventd::py
