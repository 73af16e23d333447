// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "http/request_head.h"
#include "http/whole_response.h"
#include "shm/scoreboard.h"
#include "uwsgi/request_vars.h"
#include "worker/requests/access_log.h"
#include "worker/requests/exchange.h"
#include "worker/requests/hints.h"
#include "worker/requests/request.h"

namespace geventd::worker {

/// Records a worker's requests: counts them in the scoreboard, writes the access log and keeps the
/// newest failure for the status.
/// Lives in: worker, loop side.
class Accounts {
  public:
    /// `number` is the worker's number in its generation, from 1; `board` shows its siblings (null:
    /// it has none). Throws std::runtime_error when the format of the access log is invalid.
    Accounts(shm::WorkerSlot& slot, const config::Log& settings, int number,
             const shm::Scoreboard* board);

    [[nodiscard]] shm::WorkerSlot& slot() const { return slot_; }

    /// What the log has been told by any worker.
    [[nodiscard]] Hints& hints() { return hints_; }

    /// The request's greenlet has ended.
    void ended(const Request& request);

    /// Its answer has left, or nothing more of it will: writes its line into the access log.
    void answered(const Request& request, const Exchange& exchange);

    /// The request never reached the application: it was refused, or redirected to https. `request`
    /// is null when nothing could be parsed.
    void refused(const Exchange& exchange, const Request* request, const http::Rejection& rejection,
                 const http::AnswerParts& answer);

    void client_left(const Request& request);

    /// `error` is the exception in one line, `where` the file and line that raised it, `epoch` the
    /// wall clock in whole seconds.
    void application_failed(const Request& request, std::string_view error, std::string_view where,
                            std::int64_t epoch);

    /// The same for a handler. The statistics of signals count it.
    void handler_failed(std::uint8_t signal, std::string_view error, std::string_view where,
                        std::int64_t epoch);
    void timed_out();
    void handler_timed_out();

    /// One more listening socket gives errors instead of connections (true), or one fewer (false).
    void listener_is_deaf(bool deaf);

    /// A greenlet has survived GreenletExit.
    void unstoppable();

    /// Memory ran out: a connection was ended, or a log line about it was dropped.
    void out_of_memory() noexcept;

    /// Gives the request a line in the access log when it ends, also where log.access is off.
    void want_log(Request& request);

    /// Warns, once for each name, that a hop-by-hop field of an application's answer is left out.
    void warn_of_hop_by_hop(const Request& request, std::string_view field);

    /// Warns once if a uwsgi client sent variables that uWSGI obeys and geventd ignores.
    void warn_of_magic(const uwsgi::RequestVars& vars);

  private:
    void write_access_log(const Request& request, const Exchange& exchange) noexcept;

    shm::WorkerSlot& slot_;
    config::LogFormat format_;
    int number_;
    Hints hints_;
    std::unique_ptr<AccessLog> access_log_;  ///< null: off
    std::unique_ptr<AccessLog> wanted_log_;  ///< for single requests while the access log is off
    std::vector<std::string> hop_by_hop_;    ///< fields that were warned of, in lower case
    bool magic_reported_ = false;
    bool memory_reported_ = false;
};

}  // namespace geventd::worker
