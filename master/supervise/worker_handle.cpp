// SPDX-License-Identifier: MIT
#include "master/supervise/worker_handle.h"

#include <cassert>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "log/escape.h"
#include "log/logger.h"
#include "net/peer.h"

namespace geventd::master {

namespace {

// Bytes of a line of the log that lists requests.
constexpr std::size_t kMostListed = 16 << 10;

// For so long a worker that is to be killed is asked where its requests stand.
constexpr Duration kLastLook = std::chrono::seconds(1);

std::string plain(const std::string& text) {
    return log::escape_controls(text);
}

TimePoint after(TimePoint now, Duration delay) {
    return delay == Duration::max() ? TimePoint::max() : now + delay;
}

}  // namespace

WorkerHandle::WorkerHandle(const Surroundings& surroundings, std::uint32_t number, SlotLease slot,
                           ipc::Channel channel, Terms terms)
    : surroundings_(surroundings),
      number_(number),
      terms_(terms),
      slot_(std::move(slot)),
      child_(surroundings.loop, std::move(channel), *this, surroundings.listener),
      watch_(*this),
      hub_(*this, slot_.counters()),
      born_(surroundings.processes.now()),
      spawned_(std::time(nullptr)) {
    watch_.begin(born_, "forked", terms_.patience.queue);
}

void WorkerHandle::set_pid(pid_t pid) {
    child_.set_pid(pid);
    if (pid != 0) {
        watch_.begin(surroundings_.processes.now(), "getting ready", terms_.patience.load);
    }
}

std::string_view WorkerHandle::name(State state) {
    switch (state) {
        case State::Starting:
            return "starting";
        case State::Ready:
            return "ready";
        case State::Draining:
            return "draining";
        case State::Stopping:
            return "stopping";
        case State::Gone:
            return "gone";
    }
    return "";
}

std::string WorkerHandle::title() const {
    return pid() == 0 ? fmt::format("worker {}", number_)
                      : fmt::format("worker {} (pid {})", number_, pid());
}

void WorkerHandle::enter(State state, Duration until_deadline) {
    assert(can_follow(state_, state));
    log::debug("{}: {} -> {}", title(), name(state_), name(state));
    state_ = state;
    watch_.end();
    if (state == State::Gone) {
        surroundings_.signals.reap(slot_.index());
    }
    deadline_ = after(surroundings_.processes.now(), until_deadline);
}

void WorkerHandle::on_message(ipc::Message& message) noexcept {
    if (message.type == ipc::MessageType::Hello && state_ == State::Starting) {
        watch_.begin(surroundings_.processes.now(), "getting ready", terms_.patience.load);
    } else if (message.type == ipc::MessageType::Ready && state_ == State::Starting) {
        was_ready_ = true;
        open_sights(message.fds);
        enter(State::Ready);
    } else if (message.type == ipc::MessageType::Stacks && state_ == State::Starting &&
               !message.fds.empty()) {
        watch_.open(std::move(message.fds[0]));
    } else if (message.type == ipc::MessageType::Failed) {
        failure_ = std::move(message.text);
    } else if (message.type == ipc::MessageType::Recycle) {
        due_ = static_cast<ipc::Due>(message.value);
    } else if (message.type == ipc::MessageType::Sources) {
        surroundings_.listener.on_sources(message.text);
    } else if (message.type == ipc::MessageType::Demand) {
        surroundings_.listener.on_demand(static_cast<ipc::Demand>(message.value));
    } else if (message.type == ipc::MessageType::Schedule) {
        surroundings_.signals.schedule(slot_.index(), message);
    }
}

// What the application's process sends is not trusted further than it must be.
void WorkerHandle::open_sights(std::vector<UniqueFd>& fds) {
    hub_.open(watch_.release_stacks());
    if (fds.size() < 2) {
        return;
    }
    try {
        requests_region_ =
            shm::Region::map_sealed(std::move(fds[0]), shm::RequestTable::size_for(terms_.cores));
        requests_.emplace(requests_region_->data(), requests_region_->size());
        if (net::family_of(fds[1].get()) != AF_UNIX) {
            throw std::runtime_error("its observer is no unix socket");
        }
        observer_.emplace(std::move(fds[1]), ipc::Channel::Peer::Foreign);
    } catch (const std::exception& error) {
        log::error("{} cannot be looked into: {}", title(), error.what());
    }
}

void WorkerHandle::ask_for_pulse() {
    ipc::Message pulse;
    pulse.type = ipc::MessageType::Pulse;
    child_.send(pulse);
}

void WorkerHandle::ask_for_stack(ipc::StackOf which) {
    surroundings_.processes.ask_for_stack(pid(), which);
}

char WorkerHandle::process_state() const {
    return pid() == 0 ? '\0' : surroundings_.processes.state(pid());
}

TimePoint WorkerHandle::look_at_hub(TimePoint now) {
    if (state_ != State::Ready && state_ != State::Draining) {
        return TimePoint::max();
    }
    const TimePoint next = hub_.look(now);
    if (!hub_.is_hopeless() && last_look_until_ == TimePoint::max()) {
        last_look_.reset();
    } else if (state_ == State::Draining) {
        replace_blocked(now, {});
    }
    return next;
}

std::unique_ptr<StackQuery> WorkerHandle::look(const StackQuery::Question& question,
                                               StackQuery::Done done) {
    if (!observer_) {
        return nullptr;
    }
    try {
        return std::make_unique<StackQuery>(surroundings_.loop, *observer_, question,
                                            std::move(done));
    } catch (const std::exception& error) {
        log::debug("{} cannot be asked where its greenlets stand: {}", title(), error.what());
        return nullptr;
    }
}

void WorkerHandle::replace_blocked(TimePoint now, Duration mercy) {
    if (last_look_) {
        return;  // it is being asked
    }
    mercy_ = mercy;
    last_look_ = look({ipc::Sight::ForLog, ""}, [this](const std::optional<std::string>& stacks) {
        end_blocked(stacks.value_or(""));
        surroundings_.listener.on_change();
    });
    if (last_look_) {
        last_look_until_ = now + kLastLook;
    } else {
        end_blocked("");
    }
}

void WorkerHandle::end_blocked(const std::string& stacks) {
    last_look_until_ = TimePoint::max();
    if (state_ != State::Ready && state_ != State::Draining) {
        return;
    }
    if (!hub_.is_hopeless()) {
        if (state_ == State::Ready) {
            drain(ipc::DrainReason::Replace, mercy_);
        }
        return;
    }
    const TimePoint now = surroundings_.processes.now();
    const auto requests = this->requests();
    std::string list;
    for (const auto& request : requests) {
        if (list.size() > kMostListed) {
            list += "\n  and more";
            break;
        }
        list += fmt::format(
            "\n  {} {} from {}, {:.1f} s (request {})", plain(request.method), plain(request.path),
            request.client.empty() ? "a unix socket" : plain(request.client),
            std::chrono::duration<double>(now - request.received).count(), plain(request.id));
    }
    log::warning("{} is killed: its hub has not turned for {:.1f} s; requests in flight: {}{}\n{}",
                 title(), std::chrono::duration<double>(hub_.silence(now)).count(), requests.size(),
                 list,
                 stacks.empty() ? "where they stand cannot be told: C code keeps the GIL"
                                : "where they stand:\n" + stacks);
    kill("its hub did not turn any more");
}

std::vector<shm::RequestTable::Entry> WorkerHandle::requests() const {
    return requests_ ? requests_->read() : std::vector<shm::RequestTable::Entry>();
}

CoresStatus WorkerHandle::cores() const {
    return {slot_.index(), requests_ ? requests_->begun() : std::vector<std::uint64_t>(),
            requests()};
}

void WorkerHandle::on_hang_up() noexcept {
    // A process that never said its name cannot be told from strangers when it is reaped; its
    // channel, which nobody else holds, tells of its end.
    if (pid() == 0 && state_ != State::Gone) {
        end_ = "it ended before it could say its name";
        enter(State::Gone);
    }
}

void WorkerHandle::drain(ipc::DrainReason reason, Duration mercy) {
    if (state_ == State::Starting) {
        kill("it was told to leave before it served");
        return;
    }
    if (state_ != State::Ready && state_ != State::Draining) {
        return;
    }
    ipc::Message message;
    message.type = ipc::MessageType::Drain;
    message.value = static_cast<std::uint32_t>(reason);
    if (!child_.send(message)) {
        // As a rule it has left by itself, and is about to be reaped. Else its mercy time ends it.
        log::debug("{} takes no word that it is to finish", title());
    }
    if (state_ == State::Ready) {
        enter(State::Draining, mercy);
    }
}

void WorkerHandle::kill(std::string_view reason) {
    if (state_ == State::Gone) {
        return;
    }
    if (why_killed_.empty()) {
        why_killed_ = reason;
    }
    child_.receive_last();
    if (pid() != 0) {
        surroundings_.processes.kill(pid());
    }
    child_.hang_up();
    if (pid() == 0) {
        // Nobody knows it: it cannot say Hello any more when it comes to life, and leaves.
        end_ = why_killed_;
        if (state_ != State::Gone) {
            enter(State::Gone);
        }
    } else if (state_ != State::Stopping) {
        enter(State::Stopping, kKillAgainAfter);
    } else {
        deadline_ = surroundings_.processes.now() + kKillAgainAfter;
    }
}

void WorkerHandle::on_exit(const ChildExit& exit) {
    child_.receive();
    child_.hang_up();
    end_ = describe(exit, why_killed_);
    cannot_work_ = exit.has_code(ExitCode::ApplicationFailed) ||
                   exit.has_code(ExitCode::BootFailed) || exit.has_code(ExitCode::HookFailed);
    enter(State::Gone);
}

void WorkerHandle::check_deadline(TimePoint now) {
    if (now >= last_look_until_) {
        end_blocked("");
    }
    if (now >= watch_.next_look()) {
        child_.receive();  // what it has said while the master itself stood still
        watch_.look(now);
        if (watch_.is_over()) {
            give_up_starting(now);
        }
    }
    if (now < deadline_) {
        return;
    }
    if (state_ == State::Draining) {
        log::warning("{} has not finished within its time; it is killed", title());
        kill("it had not finished within its time");
    } else {
        log::warning("{} was killed but is still there", title());
        kill(why_killed_);
    }
}

void WorkerHandle::give_up_starting(TimePoint now) {
    const std::string limit(watch_.limit_name());
    const std::string why =
        fmt::format("{} was not ready after {} ({})", title(), watch_.duration(now), limit);
    log::error("{}; it is killed", why);
    // The last line is what a status shows of it.
    failure_ = fmt::format("{}: {}\n{} and was killed", title(), watch_.place(), why);
    hung_ = true;
    kill("it did not get ready within " + limit);
}

WorkerStatus WorkerHandle::status(TimePoint now) const {
    const shm::WorkerSlot& slot = slot_.counters();
    WorkerStatus status;
    status.number = number_;
    status.slot = slot_.index();
    status.pid = pid();
    status.state = name(state_);
    status.uptime = now - born_;
    WorkerCounters& counters = status.counters;
    shm::for_each_worker_figure(
        [](const shm::FigureInfo&, auto& figure, const auto& shown) {
            figure = shown.load(std::memory_order_relaxed);
        },
        counters, slot);
    // What the master knows itself it does not believe the worker.
    counters.cores = terms_.cores;
    counters.cores_busy = std::min(counters.cores_busy, terms_.cores);
    counters.cores_peak = std::min(counters.cores_peak, terms_.cores);
    counters.respawns = terms_.respawns;
    counters.spawned = spawned_;
    counters.hub_lag = hub_.lag();
    counters.hub_lag_peak = std::min(counters.hub_lag_peak, HubWatch::kMostLag);
    counters.hub_blocks = hub_.blocks();
    counters.hub_blocked = hub_.blocked(now);
    return status;
}

}  // namespace geventd::master
