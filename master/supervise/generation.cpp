// SPDX-License-Identifier: MIT
#include "master/supervise/generation.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "config/drain_time.h"
#include "log/logger.h"
#include "master/supervise/preload_words.h"

namespace geventd::master {

Generation::Generation(const Surroundings& surroundings, Plan plan)
    : surroundings_(surroundings),
      number_(plan.contents.generation),
      settings_(std::move(plan.settings)),
      kit_(surroundings, settings_, std::move(plan.contents)),
      exec_(kit_),
      apart_(settings_.app.preload == config::Preload::Never),
      rolling_(plan.rolling),
      born_(surroundings.processes.now()) {
    WorkerSource* source = &exec_;
    if (!apart_) {
        templates_ = std::make_unique<Templates>(surroundings, kit_, settings_.limits);
        source = templates_.get();
    }
    crew_ = std::make_unique<Crew>(surroundings, number_, *source, settings_, mercy());
    const config::Workers& workers = settings_.workers;
    first_workers_ = workers.processes;
    if (workers.cheaper > 0) {
        scaling_.emplace(workers.cheaper, workers.processes);
        first_workers_ = std::clamp(plan.former_workers, workers.cheaper, workers.processes);
    }
    if (rolling_) {
        crew_->allow(1);
    }
    update_hold();
}

std::string_view Generation::name(State state) {
    switch (state) {
        case State::Loading:
            return "loading";
        case State::Booting:
            return "booting";
        case State::Serving:
            return "serving";
        case State::Draining:
            return "draining";
        case State::Done:
            return "done";
        case State::Failed:
            return "failed";
    }
    return "";
}

bool Generation::can_follow(State from, State to) {
    switch (to) {
        case State::Loading:
            return false;
        case State::Booting:
            return from == State::Loading;
        case State::Serving:
            return from == State::Booting;
        case State::Draining:
            return from <= State::Serving;
        case State::Done:
            return from == State::Draining;
        case State::Failed:
            return from == State::Loading || from == State::Booting;
    }
    return false;
}

void Generation::enter(State state) {
    assert(can_follow(state_, state));
    log::debug("generation {}: {} -> {}", number_, name(state_), name(state));
    state_ = state;
}

void Generation::start() {
    if (templates_) {
        templates_->launch();
        return;
    }
    enter(State::Booting);
    boot_workers();
    settle();
}

void Generation::settle() {
    const TimePoint now = surroundings_.processes.now();
    heed_connections();
    if (state_ == State::Loading) {
        settle_loading(now);
    }
    if (state_ <= State::Serving) {
        if (templates_ && apart_) {
            templates_->bury(now);
        } else if (templates_) {
            templates_->maintain(now);
            if (templates_->take_replacement()) {
                crew_->ask_again();
            }
        }
        crew_->maintain(now);
        scale(now);
    } else {
        crew_->bury(now);
        end_templates();
        if (templates_) {
            templates_->bury(now);
        }
    }
    if (state_ == State::Booting) {
        settle_booting();
    }
    if (state_ == State::Draining && crew_->empty() && (!templates_ || templates_->empty())) {
        enter(State::Done);
    }
}

void Generation::heed_connections() {
    std::string peers = templates_ && !apart_ && state_ <= State::Serving
                            ? templates_->connections()
                            : std::string();
    if (peers.empty() || peers == connections_) {
        return;
    }
    connections_ = std::move(peers);
    log::warning("{}", tell_of_connections(settings_.app.preload, connections_));
    if (settings_.app.preload == config::Preload::Auto) {
        load_apart();
    }
}

// For good: also workers that are started later.
void Generation::load_apart() {
    apart_ = true;
    templates_->dismiss();  // it ends what the application has started in it
    crew_->draw_from(exec_);
    if (state_ == State::Loading) {
        enter(State::Booting);
        boot_workers();
    }
}

void Generation::settle_loading(TimePoint now) {
    templates_->check_deadlines(now);
    if (auto failure = templates_->load_failure()) {
        fail("the application cannot be loaded: " + *failure);
    } else if (templates_->can_start()) {
        enter(State::Booting);
        boot_workers();
        crew_->maintain(now);  // the template forks its spare behind them
    }
}

void Generation::settle_booting() {
    if (!crew_->hopeless().empty()) {
        fail("the workers cannot start: " + crew_->hopeless());
    } else if (crew_->all_ready()) {
        if (!deferred_) {
            enter(State::Serving);
            update_hold();
        }
    } else if (const auto failure = apart_ ? std::nullopt : templates_->fork_failure()) {
        fail("the workers cannot start: " + *failure);
    }
}

void Generation::boot_workers() {
    crew_->resize(static_cast<std::size_t>(first_workers_));
}

bool Generation::may_scale() const {
    return scaling_ && state_ == State::Serving && !paused_ && full_strength_ == 0;
}

void Generation::scale(TimePoint now) {
    if (!may_scale() || !scaling_->is_due(now)) {
        return;
    }
    Load load = crew_->load(now);
    load.backlog = kit_.backlog();
    const int wanted = scaling_->look(workers(), load, now);
    if (wanted != workers()) {
        log::info("{} workers from now on, {} before: {}", wanted, workers(), scaling_->reason());
        crew_->resize(static_cast<std::size_t>(wanted));
        crew_->maintain(now);
    }
}

void Generation::update_hold() {
    crew_->hold(paused_ || (state_ < State::Serving && !rolling_));
}

bool Generation::could_serve() const {
    return state_ == State::Booting && crew_->all_ready();
}

void Generation::fail(std::string why) {
    failure_ = std::move(why);
    enter(State::Failed);
    if (!rolling_) {
        kill("its generation has failed");
        return;
    }
    kit_.close_listeners();
    if (templates_) {
        templates_->kill("its generation has failed");
    }
}

void Generation::show_fault(const std::string& text) {
    if (settings_.app.reload_on_change) {
        crew_->show_fault(text);
    }
}

int Generation::roll_on() {
    const std::size_t ready = crew_->count_ready();
    if (state_ != State::Booting || ready < crew_->allowed() || ready == crew_->size()) {
        return 0;
    }
    crew_->allow(ready + 1);
    settle();
    return static_cast<int>(ready);
}

void Generation::make_room(int successors) {
    if (full_strength_ == 0) {
        full_strength_ = crew_->size();
    }
    const auto gone = std::min(static_cast<std::size_t>(successors), full_strength_ - 1);
    crew_->resize(full_strength_ - gone);
}

void Generation::restore() {
    if (const std::size_t full = std::exchange(full_strength_, 0); full != 0) {
        crew_->resize(full);
        settle();
    }
}

void Generation::give_way() {
    if (state_ == State::Failed && !std::exchange(gave_way_, true)) {
        crew_->drain(ipc::DrainReason::Replace);
    }
}

bool Generation::is_slow() const {
    const bool has_slow_template =
        templates_ &&
        (templates_->is_slow() || templates_->crash_looping(surroundings_.processes.now()));
    return state_ <= State::Booting && (has_slow_template || crew_->is_slow());
}

void Generation::give_up(const std::string& why) {
    if (state_ <= State::Booting) {
        fail(why);
    }
}

Duration Generation::mercy() const {
    return config::whole_drain(settings_.limits);
}

void Generation::drain(ipc::DrainReason reason) {
    if (state_ <= State::Serving) {
        enter(State::Draining);
    }
    kit_.close_listeners();
    // A developer's browser wants the new code, not one more answer of the old.
    crew_->drain(settings_.app.reload_on_change ? ipc::DrainReason::Stop : reason);
    end_templates();
}

// What the application started in the template, such as children of multiprocessing, ends with it:
// the workers may use that up to their own end.
void Generation::end_templates() {
    if (templates_ && state_ == State::Draining) {
        templates_->retire();
        if (crew_->empty()) {
            templates_->dismiss();
        }
    }
}

void Generation::kill(std::string_view reason) {
    if (state_ <= State::Serving) {
        enter(State::Draining);
    }
    kit_.close_listeners();
    if (templates_) {
        templates_->kill(reason);
    }
    crew_->kill(reason);
}

void Generation::pause(bool on) {
    paused_ = on;
    update_hold();
}

void Generation::resize(int count) {
    if (state_ == State::Serving) {
        surroundings_.signals.resize(static_cast<unsigned>(count));
        if (scaling_) {
            scaling_->set_most(count);
        } else {
            crew_->resize(static_cast<std::size_t>(count));
        }
    }
}

bool Generation::on_exit(const ChildExit& exit) {
    return (templates_ && templates_->on_exit(exit)) || crew_->on_exit(exit);
}

void Generation::broadcast(const ipc::Message& message) {
    if (templates_) {
        templates_->broadcast(message);
    }
    crew_->broadcast(message);
}

TimePoint Generation::next_deadline() const {
    TimePoint crew = crew_->next_deadline();
    if (may_scale()) {
        crew = std::min(crew, scaling_->next_look());
    }
    return templates_ ? std::min(crew, templates_->next_deadline()) : crew;
}

bool Generation::is_over() const {
    return state_ == State::Done ||
           (state_ == State::Failed && crew_->empty() && (!templates_ || templates_->empty()));
}

GenerationStatus Generation::status() const {
    const TimePoint now = surroundings_.processes.now();
    GenerationStatus status;
    status.number = number_;
    status.state = name(state_);
    status.uptime = now - born_;
    crew_->fill(status, now);
    status.workers_most = most_workers();
    status.preload = !apart_;
    status.connections = connections_;
    if (templates_) {
        status.template_pid = templates_->pid();
        status.spare_pid = templates_->spare_pid();
        status.crash_looping = status.crash_looping || templates_->crash_looping(now);
        if (status.last_error.empty()) {
            status.last_error = templates_->last_error();
        }
    }
    return status;
}

}  // namespace geventd::master
