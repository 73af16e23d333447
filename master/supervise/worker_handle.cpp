// SPDX-License-Identifier: MIT
#include "master/supervise/worker_handle.h"

#include <cassert>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"

namespace geventd::master {

namespace {

TimePoint after(TimePoint now, Duration delay) {
    return delay == Duration::max() ? TimePoint::max() : now + delay;
}

}  // namespace

WorkerHandle::WorkerHandle(const Services& services, std::uint32_t number, SlotLease slot,
                           ipc::Channel channel, Terms terms)
    : services_(services),
      number_(number),
      terms_(terms),
      slot_(std::move(slot)),
      child_(services.loop, std::move(channel), *this, services.listener),
      watch_(*this),
      born_(services.processes.now()),
      spawned_(std::time(nullptr)) {
    if (terms.room) {
        insight_ = std::make_unique<WorkerInsight>(
            services, static_cast<WorkerInsight::Process&>(*this), slot_, *terms.room);
    }
    watch_.begin(born_, "forked", terms_.patience.queue);
}

void WorkerHandle::set_pid(pid_t pid) {
    child_.set_pid(pid);
    if (pid != 0) {
        watch_.begin(services_.processes.now(), "getting ready", terms_.patience.load);
    }
}

std::string_view name(WorkerHandle::State state) {
    using State = WorkerHandle::State;
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
        services_.signals.reap(slot_.index());
    }
    deadline_ = after(services_.processes.now(), until_deadline);
}

void WorkerHandle::on_message(ipc::Message& message) noexcept {
    if (message.type == ipc::MessageType::Hello && state_ == State::Starting) {
        watch_.begin(services_.processes.now(), "getting ready", terms_.patience.load);
    } else if (message.type == ipc::MessageType::Ready && state_ == State::Starting) {
        was_ready_ = true;
        if (insight_) {
            insight_->open(message.fds, watch_.release_stacks());
        }
        enter(State::Ready);
    } else if (message.type == ipc::MessageType::Stacks && state_ == State::Starting &&
               !message.fds.empty()) {
        watch_.open(std::move(message.fds[0]));
    } else if (message.type == ipc::MessageType::Failed) {
        failure_ = std::move(message.text);
    } else if (message.type == ipc::MessageType::Recycle) {
        due_ = static_cast<ipc::Due>(message.value);
    } else if (message.type == ipc::MessageType::Sources) {
        services_.listener.on_sources(message.text);
    } else if (message.type == ipc::MessageType::Demand) {
        services_.listener.on_demand(static_cast<ipc::Demand>(message.value));
    } else if (message.type == ipc::MessageType::Schedule) {
        services_.signals.schedule(slot_.index(), message, state_ == State::Ready);
    }
}

void WorkerHandle::ask_for_stack(ipc::StackOf which) {
    services_.processes.ask_for_stack(pid(), which);
}

char WorkerHandle::process_state() const {
    return pid() == 0 ? '\0' : services_.processes.state(pid());
}

void WorkerHandle::on_hang_up() noexcept {
    // A process that has not said Hello has no known pid, so its reaping goes unnoticed. Its
    // channel, which no other process holds, shows its end.
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
        // Usually it has exited already and is about to be reaped. Otherwise it is killed after
        // its mercy time.
        log::debug("{} cannot be told to drain", title());
    }
    if (state_ == State::Ready) {
        enter(State::Draining, mercy);
    } else {
        deadline_ = std::min(deadline_, after(services_.processes.now(), mercy));
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
        services_.processes.kill(pid());
    }
    child_.hang_up();
    if (pid() == 0) {
        // Its pid is unknown. Should it come to life, it finds the channel closed and exits.
        end_ = why_killed_;
        if (state_ != State::Gone) {
            enter(State::Gone);
        }
    } else if (state_ != State::Stopping) {
        enter(State::Stopping, kKillAgainAfter);
    } else {
        deadline_ = services_.processes.now() + kKillAgainAfter;
    }
}

void WorkerHandle::on_exit(const ChildExit& exit) {
    child_.receive();
    child_.hang_up();
    end_ = describe(exit, why_killed_);
    cannot_work_ = exit.has_code(ExitCode::ApplicationFailed) ||
                   exit.has_code(ExitCode::BootFailed) || exit.has_code(ExitCode::HookFailed);
    enter(State::Gone);
    services_.signals.tell_end(exit.pid, end_);
}

void WorkerHandle::check_deadline(TimePoint now) {
    if (insight_) {
        insight_->check_deadline(now);
    }
    if (now >= watch_.next_look()) {
        child_.receive();  // read messages that arrived while the master itself stood still
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
    // The status shows the last line.
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
    counters.respawns = terms_.respawns;
    counters.spawned = spawned_;
    if (insight_) {
        insight_->correct(counters, now);
    }
    return status;
}

}  // namespace geventd::master
