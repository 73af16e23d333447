// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "http/whole_response.h"
#include "log/access_log.h"
#include "shm/scoreboard.h"
#include "worker/requests/access_filter.h"
#include "worker/requests/request.h"
#include "worker/requests/request_names.h"

namespace geventd::worker {

class Exchange;

/// Writes one line to the access log for each request that has ended. Exists only when it is
/// needed, so that it costs nothing when log.access is `off`. Lives in: worker, loop side.
class AccessLog {
  public:
    /// `format` is log.access. Throws std::runtime_error when the format is invalid.
    AccessLog(const std::string& format, const shm::WorkerSlot& slot, int worker, bool json,
              const config::AccessWhen& when = {});

    /// For a request whose answer has ended, or whose client left before that. Nothing if
    /// log.access-when leaves it out and the application does not ask for its line.
    void write(const Request& request, const Exchange& exchange);

    /// For a request that was refused with `status` before it reached the application. `request`
    /// has what was parsed until then; null: nothing.
    void write_refused(const Request* request, const Exchange& exchange, int status,
                       const http::AnswerParts& answer);

  private:
    void fill(log::AccessRecord& record, const Request& request);
    void emit(const log::AccessRecord& record);

    log::AccessTemplate template_;
    AccessFilter filter_;
    const shm::WorkerSlot& slot_;
    int worker_;
    RequestNames names_;
    std::string name_;  ///< of a request that got none, as it needed no core
    std::string line_;
};

}  // namespace geventd::worker
