// SPDX-License-Identifier: MIT
// Supervisor: reloads in which all other workers end before the candidate starts.
#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "config/drain_time.h"
#include "log/logger.h"
#include "master/supervise/supervisor.h"

namespace geventd::master {

// Makes the serving generation leave. It keeps its template if it may come back.
void Supervisor::make_way(bool rollback) {
    const TimePoint now = services_.processes.now();
    waits_ = true;
    wait_for_others(now);
    for (const Handle& generation : leaving_) {
        give_up_sessions(*generation);
    }
    if (!serving_) {
        return;
    }
    gap_since_ = gap_since_.value_or(now);
    const std::string obstacle = rollback ? serving_->why_no_return() : "reload.rollback: false";
    if (obstacle.empty()) {
        log::info(
            "restart: the workers of generation {} end before the new code is loaded; its template "
            "stays until the new workers serve",
            serving_->number());
        serving_->strength().step_aside();
        return;
    }
    log::warning(
        "restart: generation {} ends with all its processes before the new code is loaded, so the "
        "old code cannot come back if that fails: {}",
        serving_->number(), obstacle);
    serving_->drain(ipc::DrainReason::Refresh);
    leaving_.push_back(std::move(serving_));
}

// Of one that others have replaced: what it keeps for its sessions is in the way now.
void Supervisor::give_up_sessions(Generation& generation) {
    if (generation.settings().sticky.is_set() &&
        generation.state() == Generation::State::Draining) {
        generation.drain(ipc::DrainReason::Refresh);
    }
}

// As long as the slowest of them may take.
void Supervisor::wait_for_others(TimePoint now) {
    Duration longest{};
    for (const Generation* generation : all()) {
        longest = std::max<Duration>(longest, config::whole_drain(generation->settings().limits));
    }
    others_by_ = now + longest + kPatience;
}

// Its template and the spare may have died meanwhile, and what the disk holds is not its code.
void Supervisor::look_whether_it_can_return() {
    if (const std::string obstacle = serving_->why_no_return(); !obstacle.empty()) {
        log::error("restart: the workers of generation {} cannot come back: {}", serving_->number(),
                   obstacle);
        serving_->drain(ipc::DrainReason::Replace);
        leaving_.push_back(std::move(serving_));
    }
}

bool Supervisor::waits_for_others() const {
    return waits_ || (!candidate_ && serving_ && serving_->strength().is_aside());
}

// No process is left that may hold what the next to start wants to have alone.
bool Supervisor::is_way_free() const {
    return std::all_of(leaving_.begin(), leaving_.end(),
                       [](const Handle& generation) { return generation->is_over(); }) &&
           (!serving_ || serving_->workers().empty());
}

// Starts the candidate, or after its failure the old workers, when the way is free or it takes too
// long.
void Supervisor::go_on_with_restart() {
    if (waits_for_others()) {
        const bool free = is_way_free();
        if (!free && services_.processes.now() < others_by_) {
            return;
        }
        if (!free) {
            log::warning("restart: processes that were to end are still there; it goes on");
        }
        if (std::exchange(waits_, false)) {
            start_candidate();
        } else {
            serving_->strength().restore();
            serving_->settle();
        }
    }
    if (gap_since_ && !candidate_ && serving_ && !serving_->strength().is_aside() &&
        serving_->is_complete()) {
        const auto gap = services_.processes.now() - *std::exchange(gap_since_, std::nullopt);
        log::info("generation {} serves again, after a gap of {:.1f} s", serving_->number(),
                  std::chrono::duration<double>(gap).count());
    }
}

void Supervisor::start_candidate() {
    try {
        candidate_->start();
    } catch (const std::exception& error) {
        candidate_->give_up(error.what());
    }
}

}  // namespace geventd::master
