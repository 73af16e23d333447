// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "config/settings.h"
#include "http/request_head.h"
#include "shm/scoreboard.h"
#include "uwsgi/request_vars.h"
#include "worker/requests/access_log.h"
#include "worker/requests/exchange.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// What a worker tells of its requests: it counts them in the scoreboard, writes the access log and
/// keeps the newest failure for the status.
/// Lives in: worker, loop side.
class Accounts {
  public:
    /// `number` is the worker's in its generation, from 1. Throws std::runtime_error when the
    /// access log's format is none.
    Accounts(shm::WorkerSlot& slot, const config::Log& settings, int number);

    [[nodiscard]] shm::WorkerSlot& slot() const { return slot_; }

    /// The request's greenlet has come to its end.
    void ended(const Request& request, const Exchange& exchange);

    /// It never reached the application. `request` is null where nothing was understood.
    void refused(const Exchange& exchange, const Request* request,
                 const http::Rejection& rejection);

    void client_left(const Request& request);

    /// `error` is the exception in a line, `where` the file and line that raised it, `epoch` the
    /// wall clock in whole seconds.
    void application_failed(const Request& request, std::string_view error, std::string_view where,
                            std::int64_t epoch);
    void timed_out();
    void handler_timed_out();

    /// One listening socket more gives errors instead of connections (true), or one fewer.
    void listener_is_deaf(bool deaf);

    /// A greenlet has survived GreenletExit.
    void unstoppable();

    /// Something of one connection, or a line about it, was given up for want of memory.
    void out_of_memory() noexcept;

    /// Gives the request a line in the access log when it ends, also where log.access is off.
    void want_log(Request& request);

    /// Names variables of a uwsgi client's that are not obeyed, once.
    void warn_of_magic(const uwsgi::RequestVars& vars);

  private:
    void write_access_log(const Request& request, const Exchange& exchange) noexcept;

    shm::WorkerSlot& slot_;
    config::LogFormat format_;
    int number_;
    std::unique_ptr<AccessLog> access_log_;  ///< null: off
    std::unique_ptr<AccessLog> wanted_log_;  ///< while that is off, for single requests
    bool magic_reported_ = false;
    bool memory_reported_ = false;
};

}  // namespace geventd::worker
