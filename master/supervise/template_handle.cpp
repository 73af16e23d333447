// SPDX-License-Identifier: MIT
#include "master/supervise/template_handle.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"

namespace geventd::master {

namespace {

constexpr Duration kLeavePatience = std::chrono::seconds(5);

}  // namespace

TemplateHandle::TemplateHandle(const Services& services, std::string role, ipc::Channel channel,
                               const Patience& patience)
    : services_(services),
      role_(std::move(role)),
      child_(services.loop, std::move(channel), *this, services.listener),
      patience_(patience),
      watch_(*this) {
    const TimePoint now = services.processes.now();
    if (is_fork()) {
        watch_.begin(now, "forked", patience.queue);
    } else {
        watch_.begin(now, "loading the application", patience.load);
    }
}

std::string_view name(TemplateHandle::State state) {
    using State = TemplateHandle::State;
    switch (state) {
        case State::Loading:
            return "loading";
        case State::Loaded:
            return "loaded";
        case State::Leaving:
            return "leaving";
        case State::Stopping:
            return "stopping";
        case State::Gone:
            return "gone";
    }
    return "";
}

std::string TemplateHandle::title() const {
    return pid() == 0 ? role_ : fmt::format("{} (pid {})", role_, pid());
}

void TemplateHandle::enter(State state, Duration until_deadline) {
    assert(can_follow(state_, state));
    log::debug("{}: {} -> {}", title(), name(state_), name(state));
    state_ = state;
    watch_.end();
    deadline_ = until_deadline == Duration::max() ? TimePoint::max()
                                                  : services_.processes.now() + until_deadline;
}

void TemplateHandle::on_message(ipc::Message& message) noexcept {
    if (message.type == ipc::MessageType::Hello && state_ == State::Loading && is_fork()) {
        watch_.begin(services_.processes.now(), "getting ready", patience_.load);
    } else if (message.type == ipc::MessageType::Loaded && state_ == State::Loading) {
        enter(State::Loaded);
    } else if (message.type == ipc::MessageType::Forked) {
        on_forked();
    } else if (message.type == ipc::MessageType::Draining) {
        holds_sockets_ = false;
    } else if (message.type == ipc::MessageType::Stacks && !message.fds.empty()) {
        watch_.open(std::move(message.fds[0]));
    } else if (message.type == ipc::MessageType::Sources) {
        services_.listener.on_sources(message.text);
    } else if (message.type == ipc::MessageType::Failed) {
        failure_ = std::move(message.text);
    } else if (message.type == ipc::MessageType::Connected) {
        connections_ = std::move(message.text);
    }
}

bool TemplateHandle::ask(const ipc::Message& request) {
    if (!child_.send(request)) {
        child_.receive();  // it may have ended
        return false;
    }
    if (++asked_ == 1) {
        await_answer();
    }
    return true;
}

void TemplateHandle::await_answer() {
    watch_.begin(services_.processes.now(), "busy with a fork", patience_.answer);
}

void TemplateHandle::on_forked() {
    answered_ = true;
    asked_ = std::max(asked_ - 1, 0);
    if (state_ != State::Loaded) {
        return;
    }
    if (asked_ > 0) {
        await_answer();
    } else {
        watch_.end();
    }
}

void TemplateHandle::ask_for_stack(ipc::StackOf which) {
    services_.processes.ask_for_stack(pid(), which);
}

char TemplateHandle::process_state() const {
    return pid() == 0 ? '\0' : services_.processes.state(pid());
}

void TemplateHandle::on_hang_up() noexcept {
    hung_up_ = true;
    if (state_ == State::Loaded && pid() != 0) {
        deadline_ = services_.processes.now() + kLeavePatience;  // it is about to exit
    }
    if (pid() == 0 && state_ != State::Gone) {
        end_ = "it ended before it could say its name";
        enter(State::Gone);
    }
}

void TemplateHandle::close_sockets() {
    if (!std::exchange(told_to_close_, true)) {
        ipc::Message message;
        message.type = ipc::MessageType::Drain;
        child_.send(message);
    }
}

void TemplateHandle::dismiss() {
    if (state_ == State::Loading && connections_.empty()) {
        kill("it was told to leave before it had loaded the application");
    } else if (state_ <= State::Loaded) {
        child_.hang_up();
        enter(State::Leaving, kLeavePatience);
    }
}

void TemplateHandle::kill(std::string_view reason) {
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

void TemplateHandle::on_exit(const ChildExit& exit) {
    child_.receive();
    child_.hang_up();
    if (!hung_) {
        end_ = describe(exit, why_killed_);
    }
    enter(State::Gone);
}

void TemplateHandle::check_deadline(TimePoint now) {
    if (now >= watch_.next_look()) {
        child_.receive();  // read messages that arrived while the master itself stood still
        watch_.look(now);
        if (watch_.is_over()) {
            give_up(now);
        }
    }
    if (now >= deadline_) {
        log::warning("the {} does not exit; it is killed", title());
        kill("it did not exit within its time");
    }
}

void TemplateHandle::give_up(TimePoint now) {
    const std::string where = watch_.place();
    const std::string time = watch_.duration(now);
    const std::string limit(watch_.limit_name());
    std::string end;
    if (state_ == State::Loading) {
        failure_ = fmt::format("the {} was not ready after {} ({}) and was killed; {}", title(),
                               time, limit, where);
        log::error("{}", failure_);
        end = fmt::format("it was not ready within {}", limit);
    } else {
        log::error(
            "the {} has not answered a request for a process for {} ({}); it is killed and "
            "replaced; {}",
            title(), time, limit, where);
        end = fmt::format("it did not answer within {}", limit);
    }
    hung_ = true;
    kill(end);
    end_ = end + " and was killed";
}

}  // namespace geventd::master
