// SPDX-License-Identifier: MIT
#include "master/supervise/pool.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"
#include "master/supervise/worker_orders.h"

namespace geventd::master {

namespace {

// Early deaths in a row before booting the pool counts as failed.
constexpr int kEarlyDeaths = 3;
constexpr Duration kTryAgainAfter = std::chrono::milliseconds(500);

// The line of a traceback that says what happened.
std::string last_line(const std::string& text) {
    const auto end = text.find_last_not_of(" \n");
    const auto begin = text.rfind('\n', end);
    return text.substr(begin == std::string::npos ? 0 : begin + 1,
                       end - (begin == std::string::npos ? 0 : begin));
}

bool is_gone(const std::unique_ptr<WorkerHandle>& worker) {
    return worker && worker->state() == WorkerHandle::State::Gone;
}

}  // namespace

void Pool::resize(std::size_t count, ipc::DrainReason reason) {
    const auto kept = static_cast<std::ptrdiff_t>(std::min(count, places_.size()));
    const auto first = static_cast<std::ptrdiff_t>(leaving_.size());
    retire_from(places_.begin() + kept);
    // Those that were replaced before may keep sessions, which only a replaced worker does.
    const auto told = reason == ipc::DrainReason::Replace ? first : 0;
    for (auto worker = leaving_.begin() + told; worker != leaving_.end(); ++worker) {
        drain(**worker, reason);
    }
    places_.resize(count);
}

void Pool::drain(WorkerHandle& worker, ipc::DrainReason reason) const {
    worker.drain(reason, reason == ipc::DrainReason::Replace ? mercy_for_replaced_ : mercy_);
}

void Pool::retire_from(std::vector<Place>::iterator first) {
    for (auto place = first; place != places_.end(); ++place) {
        for (Handle* worker : {&place->worker, &place->successor}) {
            if (*worker) {
                leaving_.push_back(std::move(*worker));
            }
        }
    }
    places_.erase(first, places_.end());
}

void Pool::maintain(TimePoint now) {
    for (WorkerHandle* worker : all()) {
        worker->check_deadline(now);
    }
    remove_gone();
    for (Place& place : places_) {
        settle_worker(place, now);
        settle_successor(place, now);
    }
    if (!was_complete_ && !boot_failure_.empty()) {
        return;  // the generation will fail
    }
    start_missing(now);
    was_complete_ = was_complete_ || all_ready();
    if (was_complete_) {
        recycle_one(now);
    }
}

void Pool::settle_worker(Place& place, TimePoint now) {
    if (is_gone(place.worker) && place.worker->pid() == 0 && source_->has_lost_requests()) {
        place.worker.reset();
    } else if (is_gone(place.worker)) {
        note_death(place, now);
    } else if (!was_complete_ && place.worker && place.worker->has_hung()) {
        note_early_death(*place.worker);  // a process stuck in the kernel may never exit
    }
}

void Pool::start_missing(TimePoint now) {
    std::uint32_t number = 0;
    for (Place& place : places_) {
        ++number;
        if (number > allowed_ || now < none_before_ || !source_->can_start()) {
            return;
        }
        if (!place.worker && now >= place.start_at) {
            place.worker = start_worker(place, number, now);
        }
    }
}

void Pool::settle_successor(Place& place, TimePoint now) {
    if (!place.successor) {
        return;
    }
    if (is_gone(place.successor)) {
        place.start_at = place.policy.on_death(now);
        last_error_ = fmt::format("the successor of worker {} died: {}", place.successor->number(),
                                  place.successor->end());
        log::error("{}", last_error_);
        place.successor.reset();
    } else if (!place.worker) {
        place.worker = std::move(place.successor);  // the old worker died first
    } else if (place.successor->state() == WorkerHandle::State::Ready) {
        WorkerInsight* insight = place.worker->insight();
        if (insight != nullptr && insight->hub().is_past_limit()) {
            insight->replace_blocked(now, mercy_for_replaced_);
        } else {
            drain(*place.worker, ipc::DrainReason::Replace);
        }
        leaving_.push_back(std::exchange(place.worker, std::move(place.successor)));
    }
}

void Pool::recycle_one(TimePoint now) {
    const auto has_successor = [](const Place& place) { return place.successor != nullptr; };
    if (std::any_of(places_.begin(), places_.end(), has_successor) || !source_->can_start()) {
        return;
    }
    std::uint32_t number = 0;
    for (Place& place : places_) {
        ++number;
        if (!place.worker || now < std::max(place.start_at, none_before_)) {
            continue;
        }
        const std::string reason = recycling_.reason(*place.worker, now);
        if (!reason.empty()) {
            log::info("{} is recycled: {}", place.worker->title(), reason);
            place.successor = start_worker(place, number, now);
            return;
        }
    }
}

void Pool::ask_again() {
    for (Place& place : places_) {
        for (Handle* worker : {&place.worker, &place.successor}) {
            if (*worker && (*worker)->state() == WorkerHandle::State::Starting &&
                (*worker)->pid() == 0) {
                (*worker)->kill("the template that was to fork it has not answered");
            }
            // Its Hello may have been read just now, by kill().
            if (is_gone(*worker) && (*worker)->pid() == 0) {
                worker->reset();
            }
        }
    }
}

bool Pool::is_prompt() const {
    const std::vector<WorkerHandle*> workers = all();
    return std::none_of(workers.begin(), workers.end(),
                        [](const WorkerHandle* worker) { return worker->is_slow(); });
}

void Pool::note_death(Place& place, TimePoint now) {
    const WorkerHandle& worker = *place.worker;
    place.start_at = place.policy.on_death(
        now, worker.was_ready() ? RespawnPolicy::Life::Useful : RespawnPolicy::Life::Useless);
    last_error_ = fmt::format("{} died: {}", worker.title(), worker.end());
    log::error("{}", last_error_);
    if (!worker.was_ready()) {
        note_early_death(worker);
    }
    ++respawns_;
    place.worker.reset();
}

void Pool::note_early_death(const WorkerHandle& worker) {
    ++early_deaths_;
    if (!worker.failure().empty()) {
        last_error_ =
            fmt::format("worker {} cannot work: {}", worker.number(), last_line(worker.failure()));
        boot_failure_ = worker.failure();
        if (was_complete_) {
            log::error("worker {} cannot work: {}", worker.number(), worker.failure());
        }
    } else if (worker.cannot_work()) {
        boot_failure_ = last_error_;
    } else if (early_deaths_ >= kEarlyDeaths) {
        boot_failure_ = fmt::format("its workers die before they are ready; {}", last_error_);
    }
}

Pool::Handle Pool::start_worker(Place& place, std::uint32_t number, TimePoint now) {
    auto slot = services_.slots.take(generation_, number, place.starts);
    if (!slot) {
        if (!std::exchange(told_of_slots_, true)) {
            log::error("worker {} waits: all {} slots of the scoreboard are in use", number,
                       shm::Scoreboard::kMaxSlots);
        }
        none_before_ = services_.processes.now() + std::chrono::seconds(1);
        return nullptr;
    }
    told_of_slots_ = false;
    services_.signals.hand_out(slot->index(), generation_, number);
    auto started = source_->start(slot->index(), number);
    if (!started) {
        services_.signals.reap(slot->index());
        // The attempt may have taken long, so the clock is read again.
        none_before_ = services_.processes.now() + kTryAgainAfter;
        if (source_->can_start() && ++early_deaths_ >= kEarlyDeaths) {
            boot_failure_ = "no process can be started; the log says why";
        }
        return nullptr;
    }
    place.policy.on_start(now);
    ++place.starts;
    const WorkerHandle::Terms terms{patience_, role_.room, place.starts - 1};
    auto worker = std::make_unique<WorkerHandle>(services_, number, std::move(*slot),
                                                 std::move(started->channel), terms);
    worker->set_pid(started->pid);
    if (WorkerInsight* insight = worker->insight()) {
        insight->hub().set_limits(role_.hub_limits);
    }
    if (held_) {
        worker->send(make_pause(true));
    }
    if (leaves_soon_) {
        worker->send(make_leaving());
    }
    if (!fault_.empty()) {
        worker->send(make_fault(fault_));
    }
    return worker;
}

void Pool::clean_up(TimePoint now) {
    for (WorkerHandle* worker : all()) {
        worker->check_deadline(now);
    }
    remove_gone();
}

void Pool::remove_gone() {
    const auto gone = std::stable_partition(leaving_.begin(), leaving_.end(),
                                            [](const Handle& worker) { return !is_gone(worker); });
    for (auto worker = gone; worker != leaving_.end(); ++worker) {
        log::info("{} of generation {} is gone: {}", (*worker)->title(), generation_,
                  (*worker)->end());
    }
    leaving_.erase(gone, leaving_.end());
}

void Pool::hold(bool on) {
    if (std::exchange(held_, on) != on) {
        broadcast(make_pause(on));
    }
}

void Pool::announce_leaving() {
    leaves_soon_ = true;
    broadcast(make_leaving());
}

void Pool::show_fault(std::string text) {
    if (text != fault_) {
        fault_ = std::move(text);
        broadcast(make_fault(fault_));
    }
}

void Pool::drain(ipc::DrainReason reason) {
    retire_from(places_.begin());
    for (WorkerHandle* worker : all()) {
        drain(*worker, reason);
    }
}

void Pool::kill(std::string_view reason) {
    retire_from(places_.begin());
    for (WorkerHandle* worker : all()) {
        worker->kill(reason);
    }
}

bool Pool::on_exit(const ChildExit& exit) const {
    for (WorkerHandle* worker : all()) {
        if (worker->pid() == 0) {
            worker->receive();  // its Hello may be unread
        }
        if (worker->pid() == exit.pid && worker->state() != WorkerHandle::State::Gone) {
            worker->on_exit(exit);
            return true;
        }
    }
    return false;
}

void Pool::broadcast(const ipc::Message& message) const {
    for (WorkerHandle* worker : all()) {
        worker->send(message);
    }
}

std::vector<WorkerHandle*> Pool::all() const {
    std::vector<WorkerHandle*> workers;
    for (const Place& place : places_) {
        for (const Handle* worker : {&place.worker, &place.successor}) {
            if (*worker) {
                workers.push_back(worker->get());
            }
        }
    }
    for (const Handle& worker : leaving_) {
        workers.push_back(worker.get());
    }
    return workers;
}

std::size_t Pool::count_ready() const {
    const auto is_ready = [](const Place& place) {
        return place.worker && place.worker->state() == WorkerHandle::State::Ready;
    };
    return static_cast<std::size_t>(std::count_if(places_.begin(), places_.end(), is_ready));
}

bool Pool::all_ready() const {
    return count_ready() == places_.size();
}

bool Pool::empty() const {
    return leaving_.empty() && std::none_of(places_.begin(), places_.end(), [](const Place& place) {
               return place.worker || place.successor;
           });
}

Load Pool::load(TimePoint now) const {
    Load load;
    std::vector<Duration> lags;
    for (const Place& place : places_) {
        if (!place.worker || place.worker->state() != WorkerHandle::State::Ready) {
            ++load.starting;
            continue;
        }
        ++load.ready;
        if (const WorkerInsight* insight = place.worker->insight()) {
            const std::uint32_t cores = insight->core_count();
            const shm::WorkerSlot& slot = place.worker->counters();
            load.cores += cores;
            load.busy += std::min(slot.cores_busy.load(std::memory_order_relaxed), cores);
            load.queued += slot.queued.load(std::memory_order_relaxed);
            lags.push_back(insight->hub().lateness(now));
        }
    }
    load.lag = common_lag(std::move(lags));
    return load;
}

TimePoint Pool::next_deadline() const {
    const TimePoint now = services_.processes.now();
    TimePoint next = TimePoint::max();
    for (const WorkerHandle* worker : all()) {
        next = std::min(next, worker->deadline());
    }
    const auto allowed = places_.begin() + static_cast<std::ptrdiff_t>(this->allowed());
    for (auto at = places_.begin(); at != allowed && source_->can_start(); ++at) {
        const Place& place = *at;
        if (!place.worker) {
            next = std::min(next, std::max(place.start_at, none_before_));
        } else if (!place.successor) {
            next = std::min(next, std::max({place.start_at, none_before_,
                                            recycling_.next_look(*place.worker, now)}));
        }
    }
    return next;
}

void Pool::add_to(GenerationStatus& status, TimePoint now) const {
    status.workers_wanted += static_cast<int>(places_.size());
    status.respawns += respawns_;
    if (status.last_error.empty()) {
        status.last_error = last_error_;
    }
    for (const Place& place : places_) {
        status.crash_looping = status.crash_looping || place.policy.crash_looping(now);
    }
    for (const WorkerHandle* worker : all()) {
        status.workers.push_back(worker->status(now));
    }
}

}  // namespace geventd::master
