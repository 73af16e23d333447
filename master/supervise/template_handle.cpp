// SPDX-License-Identifier: MIT
#include "master/supervise/template_handle.h"

#include <cassert>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"

namespace geventd::master {

namespace {

constexpr Duration kLeavePatience = std::chrono::seconds(5);

}  // namespace

TemplateHandle::TemplateHandle(const Surroundings& surroundings, std::string role,
                               ipc::Channel channel, Duration patience)
    : surroundings_(surroundings),
      role_(std::move(role)),
      child_(surroundings.loop, std::move(channel), *this, surroundings.listener),
      deadline_(surroundings.processes.now() + patience) {}

std::string_view TemplateHandle::name(State state) {
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
    deadline_ = until_deadline == Duration::max() ? TimePoint::max()
                                                  : surroundings_.processes.now() + until_deadline;
}

void TemplateHandle::on_message(ipc::Message& message) noexcept {
    if (message.type == ipc::MessageType::Loaded && state_ == State::Loading) {
        enter(State::Loaded);
    } else if (message.type == ipc::MessageType::Sources) {
        surroundings_.listener.on_sources(message.text);
    } else if (message.type == ipc::MessageType::Failed) {
        failure_ = std::move(message.text);
    } else if (message.type == ipc::MessageType::Connected) {
        connections_ = std::move(message.text);
    }
}

void TemplateHandle::on_hang_up() noexcept {
    if (pid() == 0 && state_ != State::Gone) {
        end_ = "it ended before it could say its name";
        enter(State::Gone);
    }
}

void TemplateHandle::dismiss() {
    if (state_ == State::Loading) {
        kill();
    } else if (state_ == State::Loaded) {
        child_.hang_up();
        enter(State::Leaving, kLeavePatience);
    }
}

void TemplateHandle::kill() {
    if (state_ == State::Gone) {
        return;
    }
    child_.hang_up();
    if (pid() == 0) {
        end_ = "it was not needed any more";
        enter(State::Gone);
        return;
    }
    surroundings_.processes.kill(pid());
    if (state_ != State::Stopping) {
        enter(State::Stopping, kKillAgainAfter);
    } else {
        deadline_ = surroundings_.processes.now() + kKillAgainAfter;
    }
}

void TemplateHandle::on_exit(const ChildExit& exit) {
    child_.receive();
    child_.hang_up();
    end_ = describe(exit);
    enter(State::Gone);
}

void TemplateHandle::check_deadline(TimePoint now) {
    if (now < deadline_) {
        return;
    }
    if (state_ == State::Loading) {
        log::error("the {} did not load the application in time; it is killed", title());
    } else {
        log::warning("the {} does not go; it is killed", title());
    }
    kill();
}

}  // namespace geventd::master
