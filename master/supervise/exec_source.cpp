// SPDX-License-Identifier: MIT
#include "master/supervise/exec_source.h"

#include <exception>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

std::optional<WorkerSource::Started> ExecSource::start(std::uint32_t slot, std::uint32_t worker) {
    try {
        auto spawned = kit_.launch(ipc::Role::Worker, slot, worker);
        return Started{spawned.pid, std::move(spawned.channel)};
    } catch (const std::exception& error) {
        log::error("worker {} cannot be started: {}", worker, error.what());
        return std::nullopt;
    }
}

}  // namespace geventd::master
