// SPDX-License-Identifier: MIT
#include "master/supervise/templates.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/core.h>

#include "base/errno_error.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

// Templates in a row that may hang, or die, without having answered a request, before forking
// counts as impossible.
constexpr int kMostHangs = 2;
constexpr int kMostDeaths = 3;

// No template is started while this many killed ones are left, for instance stuck in disk I/O.
constexpr std::size_t kMostHung = 3;

bool is_gone(const std::unique_ptr<TemplateHandle>& handle) {
    return handle && handle->state() == TemplateHandle::State::Gone;
}

// True also when it was given up but its process is left, stuck in the kernel.
bool is_lost(const std::unique_ptr<TemplateHandle>& handle) {
    return is_gone(handle) || (handle && handle->has_hung());
}

}  // namespace

Templates::Templates(const Services& services, LaunchKit& kit, const config::Limits& limits)
    : services_(services), kit_(kit), patience_(limits) {}

void Templates::launch() {
    auto spawned = kit_.launch(ipc::Role::Template);
    current_ = std::make_unique<TemplateHandle>(services_, "template", std::move(spawned.channel),
                                                patience_);
    current_->set_pid(spawned.pid);
    policy_.on_start(services_.processes.now());
    launch_at_ = TimePoint::max();
}

std::optional<std::string> Templates::load_failure() const {
    if (!is_lost(current_)) {
        return std::nullopt;
    }
    return current_->failure().empty() ? fmt::format("the process that loads it (pid {}) ended: {}",
                                                     current_->pid(), current_->end())
                                       : current_->failure();
}

std::optional<std::string> Templates::fork_failure() const {
    return hangs_ >= kMostHangs || deaths_ >= kMostDeaths ? std::optional(last_failure_)
                                                          : std::nullopt;
}

bool Templates::can_start() const {
    return current_ && current_->takes_requests();
}

bool Templates::has_lost_requests() {
    if (current_) {
        current_->receive();  // the channel may have been closed
    }
    return !can_start();
}

std::optional<WorkerSource::Started> Templates::start(std::uint32_t slot, std::uint32_t worker) {
    ipc::Message request;
    request.type = ipc::MessageType::Fork;
    request.slot = slot;
    request.worker = worker;
    auto channel = ask_for_fork(std::move(request), slot);
    if (!channel) {
        return std::nullopt;
    }
    return Started{0, std::move(*channel)};
}

std::optional<ipc::Channel> Templates::ask_for_fork(ipc::Message request,
                                                    std::optional<std::uint32_t> slot) {
    try {
        auto [ours, theirs] = ipc::Channel::make_pair();
        request.fds.push_back(theirs.release());
        if (slot) {
            request.fds.push_back(services_.signals.eventfd_of(*slot));
        }
        // A dying template cannot receive; its successor will be asked.
        return current_->ask(request) ? std::optional(std::move(ours)) : std::nullopt;
    } catch (const ErrnoError& error) {
        log::error("no process can be started: {}", error.what());
        return std::nullopt;
    }
}

void Templates::maintain(TimePoint now, bool may_load) {
    may_load_ = may_load;
    check_deadlines(now);
    if (current_ && current_->has_answered()) {
        hangs_ = 0;
        deaths_ = 0;
    }
    if (is_lost(current_)) {
        replace_current(now);
    }
    if (is_lost(spare_)) {
        log::warning("the {} died: {}", spare_->title(), spare_->end());
        let_go(spare_);
        spare_at_ = spare_policy_.on_death(now);
    }
    if (!current_ && now >= next_start()) {
        launch_again();
    }
    if (can_start() && now >= next_start()) {
        request_spare(now);
    }
}

// When to start a template if there is none, or else a spare if there is none.
TimePoint Templates::next_start() const {
    if (hung_.size() >= kMostHung) {
        return TimePoint::max();
    }
    if (!current_) {
        return may_load_ ? launch_at_ : TimePoint::max();
    }
    return can_start() && !spare_ ? spare_at_ : TimePoint::max();
}

// Forgets the handle. A killed process that is not gone yet is kept apart, and nothing waits for
// it.
void Templates::let_go(Handle& handle) {
    if (!is_gone(handle)) {
        hung_.push_back(std::move(handle));
    }
    handle.reset();
}

// Keeps the spare only if it can take over. A spare that has not said Hello would have been forked
// by the lost template. One that is stopped (SIGSTOP) would hang like the template did.
void Templates::settle_spare() {
    if (!spare_) {
        return;
    }
    spare_->receive();
    if (!spare_->can_take_over()) {
        spare_->kill("the template that was to fork it is lost");
        let_go(spare_);
    } else if (current_->has_hung() && spare_->is_stopped()) {
        log::error("the {} is stopped too; it is killed", spare_->title());
        spare_->kill("it was stopped, as by SIGSTOP");
        let_go(spare_);
    }
}

void Templates::replace_current(TimePoint now) {
    const std::string what = current_->failure().empty() ? current_->end() : current_->failure();
    last_error_ = fmt::format("the {} died: {}", current_->title(), current_->end());
    last_failure_ = fmt::format("the {} died: {}", current_->title(), what);
    launch_at_ = policy_.on_death(now);
    replaced_ = true;
    deaths_ += current_->has_answered() ? 0 : 1;
    hangs_ += current_->has_hung() ? 1 : 0;
    settle_spare();
    let_go(current_);
    if (spare_) {
        log::warning("{}; the {} takes over", last_error_, spare_->title());
        current_ = std::move(spare_);
        current_->set_role("template");
        policy_.on_start(now);
        launch_at_ = TimePoint::max();
        return;
    }
    log::error("the template died and there is no spare, the application is loaded again: {}",
               what);
}

void Templates::launch_again() {
    try {
        launch();
    } catch (const std::exception& error) {
        log::error("the template cannot be started: {}", error.what());
        const TimePoint now = services_.processes.now();  // starting may have taken long
        policy_.on_start(now);
        launch_at_ = std::max(policy_.on_death(now), now + std::chrono::seconds(1));
    }
}

void Templates::request_spare(TimePoint now) {
    ipc::Message request;
    request.type = ipc::MessageType::ForkSpare;
    auto channel = ask_for_fork(std::move(request));
    if (!channel) {
        spare_at_ = now + std::chrono::seconds(1);
        return;
    }
    spare_ = std::make_unique<TemplateHandle>(services_, "spare template", std::move(*channel),
                                              patience_);
    spare_policy_.on_start(now);
}

void Templates::check_deadlines(TimePoint now) {
    for (TemplateHandle* handle : all()) {
        handle->check_deadline(now);
    }
    std::erase_if(hung_, is_gone);
}

void Templates::clean_up(TimePoint now) {
    check_deadlines(now);
    for (Handle* handle : {&current_, &spare_}) {
        if (is_gone(*handle)) {
            handle->reset();
        }
    }
}

std::vector<TemplateHandle*> Templates::all() const {
    std::vector<TemplateHandle*> handles;
    for (const Handle* handle : {&current_, &spare_}) {
        if (*handle) {
            handles.push_back(handle->get());
        }
    }
    for (const Handle& handle : hung_) {
        handles.push_back(handle.get());
    }
    return handles;
}

void Templates::retire() {
    launch_at_ = TimePoint::max();
    spare_at_ = TimePoint::max();
    if (spare_) {
        spare_->dismiss();
    }
    if (current_ && current_->state() != TemplateHandle::State::Loaded) {
        current_->dismiss();
    } else if (current_) {
        current_->close_sockets();
    }
}

bool Templates::hold_sockets() const {
    const std::vector<TemplateHandle*> handles = all();
    return std::any_of(handles.begin(), handles.end(),
                       [](const TemplateHandle* handle) { return handle->holds_sockets(); });
}

void Templates::dismiss() {
    launch_at_ = TimePoint::max();
    for (TemplateHandle* handle : all()) {
        handle->dismiss();
    }
}

void Templates::kill(std::string_view reason) {
    launch_at_ = TimePoint::max();
    for (TemplateHandle* handle : all()) {
        handle->kill(reason);
    }
}

bool Templates::on_exit(const ChildExit& exit) {
    for (TemplateHandle* handle : all()) {
        if (handle->pid() == 0) {
            handle->receive();  // its Hello may be unread
        }
        if (handle->pid() == exit.pid && handle->state() != TemplateHandle::State::Gone) {
            handle->on_exit(exit);
            return true;
        }
    }
    return false;
}

void Templates::broadcast(const ipc::Message& message) {
    for (TemplateHandle* handle : all()) {
        handle->send(message);
    }
}

TimePoint Templates::next_deadline() const {
    TimePoint next = next_start();
    for (const TemplateHandle* handle : all()) {
        next = std::min(next, handle->deadline());
    }
    return next;
}

}  // namespace geventd::master
