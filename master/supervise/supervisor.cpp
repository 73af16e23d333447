// SPDX-License-Identifier: MIT
#include "master/supervise/supervisor.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

namespace {

TimePoint received_at(const shm::RequestTable::Entry& request) {
    return request.received;
}

TimePoint received_at(const shm::WebSocketTable::Entry& socket) {
    return socket.request.received;
}

}  // namespace

void Supervisor::begin(Generation::Plan plan) {
    assert(!candidate_);
    const std::uint32_t number = plan.contents.generation;
    const bool rollback = plan.settings.reload.rollback;
    const bool restarts = plan.restarts;
    rolling_ = plan.rolling;
    services_.signals.begin(number, plan.settings);
    try {
        auto generation = std::make_unique<Generation>(services_, std::move(plan));
        generation->pause(paused_);
        generation->defer(deferred_);
        if (restarts && !empty()) {
            make_way(rollback);
        } else {
            generation->start();
        }
        candidate_ = std::move(generation);
    } catch (...) {
        services_.signals.forget(number);
        throw;
    }
}

std::optional<Supervisor::Outcome> Supervisor::settle() {
    for (Generation* generation : all()) {
        if (!waits_ || generation != candidate_.get()) {
            generation->settle();
        }
    }
    go_on_with_restart();
    if (is_rolling()) {
        roll();
    }
    std::optional<Outcome> outcome;
    if (candidate_ && candidate_->state() == Generation::State::Serving) {
        outcome = promote();
    } else if (candidate_ && candidate_->state() == Generation::State::Failed) {
        outcome = abandon();
    }
    for (const Handle& generation : leaving_) {
        if (!serving_ || serving_->is_complete()) {
            generation->give_way();
        }
    }
    const auto gone =
        std::erase_if(leaving_, [](const Handle& generation) { return generation->is_over(); });
    if (gone > 0 && serving_ && leaving_.empty()) {
        services_.signals.former_is_gone();
    }
    return outcome;
}

Supervisor::Outcome Supervisor::promote() {
    if (serving_) {
        serving_->drain(ipc::DrainReason::Replace);
        leaving_.push_back(std::move(serving_));
        cut_oldest();
    }
    serving_ = std::move(candidate_);
    services_.slots.board().serving.store(serving_->number(), std::memory_order_relaxed);
    services_.signals.serve(serving_->number(), static_cast<unsigned>(serving_->strength().most()));
    services_.signals.tell_ends_by(serving_->settings().hooks.death_signal);
    Outcome outcome{serving_->number(), true, {}};
    if (const auto since = std::exchange(gap_since_, std::nullopt)) {
        outcome.gap = services_.processes.now() - *since;
        if (leaving_.empty()) {
            services_.signals.former_is_gone();
        }
    }
    return outcome;
}

Supervisor::Outcome Supervisor::abandon() {
    Outcome outcome{candidate_->number(), false, candidate_->failure()};
    waits_ = false;
    wait_for_others(services_.processes.now());
    if (serving_ && serving_->strength().is_aside()) {
        look_whether_it_can_return();
    } else if (serving_ && serving_->strength().restore()) {
        serving_->settle();
    }
    services_.signals.forget(candidate_->number());
    leaving_.push_back(std::move(candidate_));
    return outcome;
}

// A new worker gets ready, then an old one drains, one by one. If the new generation fails on the
// way, its ready workers go on until the old generation has all its workers again.
void Supervisor::roll() {
    candidate_->roll(serving_.get());
}

void Supervisor::cut_oldest() {
    const auto drains = [](const Handle& generation) {
        return generation->state() == Generation::State::Draining;
    };
    const auto draining =
        static_cast<std::size_t>(std::count_if(leaving_.begin(), leaving_.end(), drains));
    const auto oldest = std::find_if(leaving_.begin(), leaving_.end(), drains);
    if (draining == kMaxDraining) {
        give_up_sessions(**oldest);  // so that it need not be cut at the next reload
    } else if (draining > kMaxDraining) {
        log::warning("generation {} is cut: more than {} drain at once", (*oldest)->number(),
                     kMaxDraining);
        (*oldest)->kill("too many generations drained at once");
    }
}

void Supervisor::pause(bool on) {
    paused_ = on;
    for (const Handle* generation : {&serving_, &candidate_}) {
        if (*generation) {
            (*generation)->pause(on);
        }
    }
}

void Supervisor::give_up(const std::string& why) {
    if (candidate_) {
        candidate_->give_up(why);
    }
}

void Supervisor::defer(bool on) {
    deferred_ = on;
    if (candidate_) {
        candidate_->defer(on);
    }
}

void Supervisor::retire() {
    drain_all(ipc::DrainReason::Replace);
}

void Supervisor::stop() {
    drain_all(ipc::DrainReason::Stop);
}

void Supervisor::drain_all(ipc::DrainReason reason) {
    waits_ = false;
    gap_since_.reset();
    services_.signals.tell_ends_by(std::nullopt);  // nobody is left who could be told
    if (candidate_) {
        candidate_->kill("its generation is not wanted any more");
        leaving_.push_back(std::move(candidate_));
    }
    if (serving_) {
        leaving_.push_back(std::move(serving_));
    }
    for (const Handle& generation : leaving_) {
        generation->drain(reason);
    }
}

void Supervisor::kill() {
    stop();
    for (const Handle& generation : leaving_) {
        generation->kill("the server was to stop at once");
    }
}

void Supervisor::on_exit(const ChildExit& exit) {
    for (Generation* generation : all()) {
        if (generation->on_exit(exit)) {
            return;
        }
    }
    log::debug("process {}, left behind by another, {}", exit.pid, describe(exit));
}

void Supervisor::broadcast(const ipc::Message& message) {
    for (Generation* generation : all()) {
        generation->broadcast(message);
    }
}

bool Supervisor::empty() const {
    return all().empty();
}

TimePoint Supervisor::next_deadline() const {
    TimePoint next = TimePoint::max();
    for (const Generation* generation : all()) {
        next = std::min(next, generation->next_deadline());
    }
    if (waits_for_others()) {
        next = std::min(next, is_way_free() ? services_.processes.now() : others_by_);
    }
    return next;
}

std::vector<Generation*> Supervisor::all() const {
    std::vector<Generation*> generations;
    for (const Handle& generation : leaving_) {
        generations.push_back(generation.get());
    }
    for (const Handle* generation : {&serving_, &candidate_}) {
        if (*generation) {
            generations.push_back(generation->get());
        }
    }
    return generations;
}

TimePoint Supervisor::look_at_hubs(TimePoint now) const {
    TimePoint next = TimePoint::max();
    for (WorkerHandle* worker : workers()) {
        if (WorkerInsight* insight = worker->insight()) {
            next = std::min(next, insight->look_at_hub(now));
        }
    }
    return next;
}

std::vector<WorkerHandle*> Supervisor::workers() const {
    std::vector<WorkerHandle*> workers;
    for (const Generation* generation : all()) {
        for (WorkerHandle* worker : generation->workers().all()) {
            workers.push_back(worker);
        }
    }
    return workers;
}

// visit(generation, worker, insight): the workers that serve requests.
template <typename Visit>
void Supervisor::for_each_insight(Visit visit) const {
    for (const Generation* generation : all()) {
        for (const WorkerHandle* worker : generation->workers().all()) {
            if (const WorkerInsight* insight = worker->insight()) {
                visit(*generation, *worker, *insight);
            }
        }
    }
}

// entries(insight): what a worker has, each of a request.
template <typename Status, typename Entries>
std::vector<Status> Supervisor::list_by_age(Entries entries) const {
    const TimePoint now = services_.processes.now();
    std::vector<Status> list;
    for_each_insight([&](const Generation& generation, const WorkerHandle& worker,
                         const WorkerInsight& insight) {
        for (auto& entry : entries(insight)) {
            const Duration age = now - received_at(entry);
            list.push_back(
                {worker.number(), generation.number(), worker.pid(), age, std::move(entry)});
        }
    });
    std::sort(list.begin(), list.end(),
              [](const Status& one, const Status& other) { return one.age > other.age; });
    return list;
}

std::vector<RequestStatus> Supervisor::requests() const {
    return list_by_age<RequestStatus>(
        [](const WorkerInsight& insight) { return insight.requests(); });
}

std::vector<WebSocketStatus> Supervisor::websockets() const {
    return list_by_age<WebSocketStatus>(
        [](const WorkerInsight& insight) { return insight.websockets(); });
}

std::vector<CoresStatus> Supervisor::cores() const {
    std::vector<CoresStatus> cores;
    for_each_insight([&](const Generation&, const WorkerHandle&, const WorkerInsight& insight) {
        cores.push_back(insight.cores());
    });
    return cores;
}

std::vector<StackCollector::Target> Supervisor::stack_targets(const std::string& of) const {
    std::vector<StackCollector::Target> serving;
    std::vector<StackCollector::Target> named;
    std::vector<StackCollector::Target> running;
    for (const Generation* generation : all()) {
        for (WorkerHandle* worker : generation->workers().all()) {
            WorkerInsight* insight = worker->insight();
            if (!worker->was_ready() || worker->state() == WorkerHandle::State::Gone ||
                insight == nullptr) {
                continue;
            }
            const StackCollector::Target target =
                insight->stack_target(generation->number(), worker->number());
            serving.push_back(target);
            if (of == std::to_string(worker->number())) {
                named.push_back(target);
            }
            if (insight->runs(of)) {
                running.push_back(target);
            }
        }
    }
    return of.empty() ? serving : named.empty() ? running : named;
}

std::vector<GenerationStatus> Supervisor::status() const {
    std::vector<GenerationStatus> statuses;
    for (const Generation* generation : all()) {
        statuses.push_back(generation->status());
    }
    return statuses;
}

}  // namespace geventd::master
