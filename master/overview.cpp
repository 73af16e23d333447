// SPDX-License-Identifier: MIT
#include "master/overview.h"

#include <unistd.h>

#include <utility>

#include <fmt/core.h>

#include "base/version.h"

namespace geventd::master {

Overview::Overview(const Parts& parts, const shm::Scoreboard& board, const Turns& turns,
                   const Reloads& reloads, const Upgrades& upgrades)
    : parts_(parts),
      turns_(turns),
      reloads_(reloads),
      upgrades_(upgrades),
      born_(Clock::now()),
      started_(std::chrono::system_clock::now()),
      stack_collector_(parts.loop, parts.clock),
      observer_(
          parts.clock, board, [this] { return parts_.supervisor.status(); },
          [this] { return parts_.listeners.waiting(); }) {}

PageSource Overview::pages_of(Overview& overview) {
    return {
        .status = [&overview] { return overview.status(); },
        .full_status = [&overview] { return overview.full_status(); },
        .cores = [&overview] { return overview.parts_.supervisor.cores(); },
        .requests = [&overview] { return overview.requests(); },
        .websockets = [&overview] { return overview.websockets(); },
        .history = [&overview]() -> const std::deque<HistoryPoint>& { return overview.history(); },
        .stacks = [&overview](const std::string& of,
                              Page::Done done) { return overview.stacks(of, std::move(done)); },
        .saturation = [&overview] { return overview.reloads_.settings().metrics.saturation; },
    };
}

std::vector<RequestStatus> Overview::requests() const {
    return parts_.supervisor.requests();
}

std::vector<WebSocketStatus> Overview::websockets() const {
    return parts_.supervisor.websockets();
}

Result<void> Overview::stacks(const std::string& of, StacksDone done) {
    const std::vector<StackCollector::Target> stack_targets = parts_.supervisor.stack_targets(of);
    if (stack_targets.empty() && !of.empty()) {
        return failure(fmt::format("there is no worker and no request in flight called {}", of));
    }
    const bool is_worker = !of.empty() && of == std::to_string(stack_targets.front().worker);
    return stack_collector_.collect(stack_targets, is_worker ? "" : of, std::move(done));
}

Status Overview::status() const {
    Status status;
    status.version = kVersion;
    status.pid = ::getpid();
    status.stopping = turns_.is_closed();
    status.paused = parts_.supervisor.is_paused();
    status.uptime = Clock::now() - born_;
    status.started = started_;
    status.config = reloads_.settings().source;
    status.listeners = parts_.listeners.status();
    status.certificates = parts_.certificates.status();
    status.reload = reloads_.record().newest();
    status.reloads = {reloads_.record().past().begin(), reloads_.record().past().end()};
    status.upgrade = upgrades_.status();
    status.generations = parts_.supervisor.status();
    status.signals = parts_.signals.status();
    status.signal_memory = parts_.signals.memory_status();
    status.locks = parts_.signals.lock_status();
    observer_.complete(status);
    return status;
}

Status Overview::full_status() {
    Status status = this->status();
    observer_.complete_memory(status);
    return status;
}

}  // namespace geventd::master
