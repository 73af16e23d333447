// SPDX-License-Identifier: MIT
#include "master/supervise/generation.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "log/logger.h"
#include "master/supervise/preload_words.h"

namespace geventd::master {

namespace {

// How long workers serve on in a stop while a template has not closed the listening sockets.
constexpr Duration kTemplatePatience = std::chrono::seconds(2);

}  // namespace

Generation::Generation(const Services& services, Plan plan)
    : services_(services),
      number_(plan.contents.generation),
      settings_(std::move(plan.settings)),
      kit_(services, settings_, std::move(plan.contents)),
      exec_(kit_),
      apart_(settings_.app.preload == config::Preload::Never),
      rolling_(plan.rolling),
      born_(services.processes.now()) {
    WorkerSource* source = &exec_;
    if (!apart_) {
        templates_ = std::make_unique<Templates>(services, kit_, settings_.limits);
        source = templates_.get();
    }
    pools_.push_back(std::make_unique<Pool>(services, number_, Pool::Role::worker(settings_),
                                            *source, settings_));
    workers_ = pools_.front().get();
    strength_ =
        std::make_unique<Strength>(services, *workers_, settings_.workers, plan.former_workers);
    if (rolling_) {
        workers_->allow(1);
    }
    update_hold();
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
    strength_->boot();
    settle();
}

void Generation::settle() {
    const TimePoint now = services_.processes.now();
    check_connections();
    if (state_ == State::Loading) {
        settle_loading(now);
    }
    if (state_ <= State::Serving) {
        if (templates_ && apart_) {
            templates_->clean_up(now);
        } else if (templates_) {
            templates_->maintain(now, !strength_->is_aside());
            if (templates_->take_replacement()) {
                for (const auto& pool : pools_) {
                    pool->ask_again();
                }
            }
        }
        for (const auto& pool : pools_) {
            pool->maintain(now);
        }
        if (is_steady()) {
            strength_->scale(kit_, now);
        }
    } else {
        for (const auto& pool : pools_) {
            pool->clean_up(now);
        }
        end_templates();
        if (templates_) {
            templates_->clean_up(now);
        }
        drain_workers(now);
    }
    if (state_ == State::Booting) {
        settle_booting();
    }
    if (state_ == State::Draining && is_empty()) {
        enter(State::Done);
    }
}

void Generation::check_connections() {
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

// Permanent: workers started later load the application themselves, too.
void Generation::load_apart() {
    apart_ = true;
    templates_->dismiss();  // ends what the application has started in it
    for (const auto& pool : pools_) {
        pool->draw_from(exec_);
    }
    if (state_ == State::Loading) {
        enter(State::Booting);
        strength_->boot();
    }
}

void Generation::settle_loading(TimePoint now) {
    templates_->check_deadlines(now);
    if (auto failure = templates_->load_failure()) {
        fail("the application cannot be loaded: " + *failure);
    } else if (templates_->can_start()) {
        enter(State::Booting);
        strength_->boot();
        workers_->maintain(now);  // the template forks its spare after the workers
    }
}

void Generation::settle_booting() {
    const auto failed = std::find_if(pools_.begin(), pools_.end(), [](const auto& pool) {
        return !pool->boot_failure().empty();
    });
    if (failed != pools_.end()) {
        fail("the workers cannot start: " + (*failed)->boot_failure());
    } else if (all_pools(&Pool::all_ready)) {
        if (!deferred_) {
            enter(State::Serving);
            update_hold();
        }
    } else if (const auto failure = apart_ ? std::nullopt : templates_->fork_failure()) {
        fail("the workers cannot start: " + *failure);
    }
}

void Generation::update_hold() {
    workers_->hold(paused_ || (state_ < State::Serving && !rolling_));
}

bool Generation::all_pools(bool (Pool::*are)() const) const {
    return std::all_of(pools_.begin(), pools_.end(),
                       [are](const auto& pool) { return (*pool.*are)(); });
}

bool Generation::is_complete() const {
    return all_pools(&Pool::all_ready);
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

bool Generation::is_slow() const {
    const bool has_slow_template =
        templates_ &&
        (templates_->is_slow() || templates_->crash_looping(services_.processes.now()));
    return state_ <= State::Booting && (has_slow_template || !all_pools(&Pool::is_prompt));
}

void Generation::give_up(const std::string& why) {
    if (state_ <= State::Booting) {
        fail(why);
    }
}

void Generation::drain(ipc::DrainReason reason) {
    if (state_ <= State::Serving) {
        enter(State::Draining);
    }
    kit_.close_listeners();
    // While developing, the browser should get the new code, not one more answer of the old.
    if (settings_.app.reload_on_change && reason == ipc::DrainReason::Replace) {
        reason = ipc::DrainReason::Refresh;
    }
    for (const auto& pool : pools_) {
        pool->allow(0);
    }
    end_templates();
    const TimePoint now = services_.processes.now();
    draining_ = reason;
    drain_by_ = reason == ipc::DrainReason::Stop ? now + kTemplatePatience : now;
    drain_workers(now);
}

// Workers take what waits in the kernel's queue and close it. They are the last: what connects
// while only a template has the listening sockets would be reset.
void Generation::drain_workers(TimePoint now) {
    if (draining_ && (now >= drain_by_ || !templates_ || !templates_->hold_sockets())) {
        for (const auto& pool : pools_) {
            pool->drain(*draining_);
        }
        draining_.reset();
    }
}

// Workers may need what the application started in the template (multiprocessing) until they end.
void Generation::end_templates() {
    if (templates_ && state_ == State::Draining) {
        templates_->retire();
        if (all_pools(&Pool::empty)) {
            templates_->dismiss();
        }
    }
}

void Generation::kill(std::string_view reason) {
    if (state_ <= State::Serving) {
        enter(State::Draining);
    }
    kit_.close_listeners();
    draining_.reset();
    if (templates_) {
        templates_->kill(reason);
    }
    for (const auto& pool : pools_) {
        pool->kill(reason);
    }
}

bool Generation::on_exit(const ChildExit& exit) {
    return (templates_ && templates_->on_exit(exit)) ||
           std::any_of(pools_.begin(), pools_.end(),
                       [&exit](const auto& pool) { return pool->on_exit(exit); });
}

void Generation::broadcast(const ipc::Message& message) {
    if (templates_) {
        templates_->broadcast(message);
    }
    for (const auto& pool : pools_) {
        pool->broadcast(message);
    }
}

void Generation::renew_tls(UniqueFd tls) {
    ipc::Message message;
    message.type = ipc::MessageType::Certificates;
    message.fds.push_back(duplicate(tls.get()));
    kit_.renew_tls(std::move(tls));
    broadcast(message);
}

TimePoint Generation::next_deadline() const {
    TimePoint next = is_steady() ? strength_->next_look() : TimePoint::max();
    for (const auto& pool : pools_) {
        next = std::min(next, pool->next_deadline());
    }
    next = draining_ ? std::min(next, drain_by_) : next;
    return templates_ ? std::min(next, templates_->next_deadline()) : next;
}

bool Generation::is_empty() const {
    return all_pools(&Pool::empty) && (!templates_ || templates_->empty());
}

bool Generation::is_over() const {
    return state_ == State::Done || (state_ == State::Failed && is_empty());
}

GenerationStatus Generation::status() const {
    const TimePoint now = services_.processes.now();
    GenerationStatus status;
    status.number = number_;
    status.state = name(state_);
    status.uptime = now - born_;
    for (const auto& pool : pools_) {
        pool->add_to(status, now);
    }
    status.workers_most = strength_->most();
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
