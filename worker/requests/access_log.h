// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "log/access_log.h"
#include "shm/scoreboard.h"
#include "worker/requests/request.h"

namespace geventd::worker {

class Exchange;

/// Writes one line for each request that has ended, among the
/// lines of the log. Exists only when log.access is not `off`, so that nobody else pays for it.
/// Lives in: worker, loop side.
class AccessLog {
  public:
    /// `format` is log.access. Throws std::runtime_error when it is no format.
    AccessLog(const std::string& format, const shm::WorkerSlot& slot, int worker, bool json);

    /// A request whose answer has ended, or was given up because its client left.
    void write(const Request& request, const Exchange& exchange);

    /// A request that was refused with `status` before it reached the application. What is known
    /// of it depends on how far it was understood; `request` may be null.
    void write_refused(const Request* request, const Exchange& exchange, int status);

  private:
    void fill(log::AccessRecord& record, const Request& request);
    void emit(const log::AccessRecord& record);

    log::AccessTemplate template_;
    const shm::WorkerSlot& slot_;
    int worker_;
    std::string line_;
};

}  // namespace geventd::worker
