// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "config/settings.h"
#include "ipc/named_fds.h"
#include "master/process/processes.h"
#include "master/process/worker_program.h"
#include "master/supervise/services.h"

namespace geventd::master {

/// Everything that crosses the exec of a generation's processes: the resolved configuration on a
/// memfd, the shared memory and the listening sockets, each under its name. Holds its own copies,
/// so that a generation can start processes even after the configuration has changed.
/// Lives in: master, one for each generation.
class LaunchKit {
  public:
    struct Contents {
        std::uint32_t generation = 0;
        WorkerProgram program;
        std::vector<UniqueFd> listeners;  ///< in the configuration's order
        UniqueFd tls{};                   ///< certificates and their keys; -1: none are needed
    };

    /// Throws ErrnoError.
    LaunchKit(const Services& services, const config::Settings& settings, Contents contents);

    [[nodiscard]] const WorkerProgram& program() const { return contents_.program; }

    /// Starts the worker's program and sends it Boot. `slot` and `worker` apply to Role::Worker
    /// only. Throws ErrnoError.
    Processes::Spawned launch(ipc::Role role, std::uint32_t slot = 0, std::uint32_t worker = 0);

    /// The number of connections that wait to be accepted.
    [[nodiscard]] std::uint64_t backlog() const;

    /// For processes that are launched from now on.
    void renew_tls(UniqueFd tls) { contents_.tls = std::move(tls); }

    /// Closes the sockets; no process can be launched afterwards.
    void close_listeners() { contents_.listeners.clear(); }

  private:
    [[nodiscard]] ipc::NamedFds inheritance() const;
    [[nodiscard]] Command command(ipc::Role role, std::uint32_t worker) const;

    const Services& services_;
    Contents contents_;
    std::map<std::string, std::string> environment_;
    int workers_;
    UniqueFd config_;
};

}  // namespace geventd::master
