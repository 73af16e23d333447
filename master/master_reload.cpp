// SPDX-License-Identifier: MIT
#include <exception>
#include <utility>

#include <fmt/core.h>

#include "base/version.h"
#include "config/diff.h"
#include "log/escape.h"
#include "log/logger.h"
#include "log/outlet.h"
#include "master/host/kernel_limits.h"
#include "master/master.h"

// Starting generations, the first one and those of reloads.
//
//   reload ── settings read, sockets prepared ──▶ generation loads and boots ──▶ it serves
//     └──────── anything wrong ────────┴────────────────────┴──▶ all taken back, the old one goes
//     on

namespace geventd::master {

namespace {

std::string join(const std::vector<std::string>& texts) {
    std::string joined;
    for (const std::string& text : texts) {
        joined += (joined.empty() ? "" : ", ") + text;
    }
    return joined;
}

}  // namespace

// From here on `settings` holds what is true of the server: a later reload says it again.
void Master::keep_until_restart(config::Settings& settings) const {
    const auto keys = config::keep_until_restart(settings_, settings);
    if (!keys.empty()) {
        log::warning("{} {} effect with a restart; until then the former {}", join(keys),
                     keys.size() == 1 ? "takes" : "take",
                     keys.size() == 1 ? "value counts" : "values count");
    }
}

void Master::start_generation(config::Settings settings) {
    for (const std::string& sentence : fit_kernel_limits(settings)) {
        log::warning("{}", sentence);
    }
    generation_started_ = std::chrono::system_clock::now();
    signals_.renew(loop_.now());
    Generation::Plan plan;
    plan.contents.generation = generations_ + 1;
    plan.contents.executable = find_worker_executable(settings.app.python);
    plan.contents.listeners = listeners_.copies();
    plan.former_workers = supervisor_.serving() == nullptr ? 0 : supervisor_.serving()->workers();
    plan.rolling = settings.reload.strategy == config::ReloadStrategy::Rolling &&
                   supervisor_.serving() != nullptr;
    newest_reloads_on_change_ = settings.app.reload_on_change;
    plan.settings = std::move(settings);
    supervisor_.begin(std::move(plan));
    ++generations_;
}

void Master::on_outcome(const Supervisor::Outcome& outcome) {
    if (outcome.serves) {
        on_generation_serves();
    } else {
        on_generation_failed(outcome);
    }
}

// Who starts the server by hand should not have to look into a log file for the reason.
void Master::tell_terminal(const std::string& failure) const {
    if (log_file_.is_file()) {
        const std::string text =
            fmt::format("geventd cannot serve: {}\n", log::escape_lines(failure));
        log::Outlet terminal;
        terminal.open(terminal_.get());
        terminal.write(text);
        terminal.finish();
    }
}

void Master::on_generation_serves() {
    terminal_.reset();
    listeners_.commit();
    const Generation& generation = *supervisor_.serving();
    settings_ = generation.settings();
    take_over_log();
    watch_files();
    renew_watchers();
    const std::string serves = fmt::format(
        "{} {}, {} cores each, {}{}", generation.workers(),
        generation.workers() == 1 ? "worker" : "workers", settings_.workers.cores,
        join(listeners_.addresses()),
        generation.number() == 1 ? "" : fmt::format(" (generation {})", generation.number()));
    log::info("geventd {} ready: {}", kVersion, serves);
    host_.serving(serves);
    end_reload(ReloadStatus::Outcome::Done, {});
}

void Master::watch_files() {
    touched_.watch(settings_.reload.touch);
    if (!settings_.app.reload_on_change) {
        sources_.watch({});
    } else if (!settings_.source.empty()) {
        sources_.add({settings_.source});
    }
}

void Master::on_sources(const std::string& paths) noexcept {
    if (!settings_.app.reload_on_change && !newest_reloads_on_change_) {
        return;  // nobody was asked for them
    }
    std::vector<std::string> sources;
    for (std::size_t at = 0, end = 0; (end = paths.find('\0', at)) != std::string::npos;
         at = end + 1) {
        sources.push_back(paths.substr(at, end - at));
    }
    sources_.add(sources, host_.identity(), generation_started_);
}

void Master::on_file_change(const std::string& path) noexcept {
    log::info("{} has changed: reload", log::escape_controls(path));
    reload({});
    settle();
}

void Master::take_over_log() noexcept {
    try {
        log_file_.open(settings_.log);
        hand_out_log();
    } catch (const std::exception& error) {
        log::error("{}; the former log goes on", error.what());
        settings_.log.file = log_file_.path();
    }
}

void Master::on_generation_failed(const Supervisor::Outcome& outcome) {
    listeners_.discard();
    if (supervisor_.serving() == nullptr && !reload_again_ && !upgrade_next_) {
        give_up_start(outcome.failure);
        return;
    }
    end_reload(ReloadStatus::Outcome::Failed, outcome.failure);
}

void Master::give_up_start(const std::string& why) {
    log::error("geventd cannot serve: {}", why);
    if (origin_.succession != nullptr) {
        origin_.succession->failed(why);
    }
    tell_terminal(why);
    exit_code_ = ExitCode::Config;
    stopping_ = true;
    supervisor_.stop();
    refuse_reloads();
    refuse_upgrades("the server stops");
}

// A generation that loads for so long that the log has told of it makes room for what is asked of
// the server since: that may be what mends it.
void Master::supersede() {
    if ((!upgrade_.is_slow() && !supervisor_.is_slow()) ||
        (!upgrade_next_ && !next_reload_is_sound())) {
        return;
    }
    const std::string_view newer = upgrade_next_ ? "an upgrade" : "a newer reload";
    const std::string why = fmt::format("{} took its place: it was still loading", newer);
    if (upgrade_.is_slow()) {
        log::warning("{} takes the place of the new master that is still loading", newer);
        upgrade_.abort(why);
    } else {
        log::warning("{} takes the place of the generation that is still loading", newer);
        supervisor_.give_up(why);
    }
}

// A reload whose configuration is broken fails by itself and is in nobody's way.
bool Master::next_reload_is_sound() {
    try {
        origin_.read_settings();
        return true;
    } catch (const std::exception& error) {
        log::error("the newer reload failed, what is loading goes on: {}", error.what());
        ReloadStatus failed;
        failed.outcome = ReloadStatus::Outcome::Failed;
        failed.reason = error.what();
        reload_again_ = false;
        tell(std::exchange(next_reload_waiters_, {}), failed);
        return false;
    }
}

void Master::reload(ReloadDone done) {
    if (upgrade_.has_left()) {
        return tell({std::move(done)}, upgrade_status_);
    }
    if (!stopping_ && (supervisor_.is_busy() || upgrade_.is_busy())) {
        log::info("{} is being started; another reload follows",
                  upgrade_.is_busy() ? "a new master" : "a generation");
        reload_again_ = true;
        next_reload_waiters_.push_back(std::move(done));
        settle();  // it may take the place of what is under way
        return;
    }
    reload_waiters_.push_back(std::move(done));
    if (stopping_) {
        refuse_reloads();
        return;
    }
    begin_reload();
}

void Master::begin_reload() {
    reload_.outcome = ReloadStatus::Outcome::Running;
    reload_.count += 1;
    reload_.reason.clear();
    reload_.at = std::chrono::system_clock::now();
    host_.reloading();
    try {
        config::Settings settings = origin_.read_settings();
        keep_until_restart(settings);
        listeners_.prepare(settings);
        start_generation(std::move(settings));
    } catch (const std::exception& error) {
        listeners_.discard();
        end_reload(ReloadStatus::Outcome::Failed, error.what());
        if (supervisor_.serving() == nullptr && !supervisor_.is_busy() && !upgrade_.is_busy() &&
            !stopping_) {
            give_up_start(error.what());  // it has taken the place of the first generation
        }
    }
}

// The memory of the signals is damaged: all workers are replaced, as by a reload, but by others of
// the configuration that serves.
void Master::renew_signals() noexcept {
    const Generation* serving = supervisor_.serving();
    if (loop_.now() < signals_.renewal_due() || stopping_ || serving == nullptr || !leads() ||
        supervisor_.is_busy() || upgrade_.is_busy()) {
        return;
    }
    try {
        config::Settings settings = serving->settings();
        settings.workers.processes = serving->most_workers();
        listeners_.prepare(settings);
        renewing_ = true;
        start_generation(std::move(settings));
    } catch (const std::exception& error) {
        listeners_.discard();
        signals_.put_off_renewal(loop_.now());
        end_renewal(ReloadStatus::Outcome::Failed, error.what());
    }
}

void Master::end_renewal(ReloadStatus::Outcome outcome, const std::string& reason) {
    if (std::exchange(renewing_, false) && outcome == ReloadStatus::Outcome::Failed) {
        log::error(
            "the workers with the damaged memory cannot be replaced yet, it is tried again: {}",
            reason);
    }
}

void Master::end_reload(ReloadStatus::Outcome outcome, std::string reason) {
    end_renewal(outcome, reason);
    if (reload_.outcome == ReloadStatus::Outcome::Running) {
        if (outcome == ReloadStatus::Outcome::Failed) {
            log::error("the reload failed, the old generation goes on: {}", reason);
            host_.serving("the last reload failed: " + reason);
            if (Generation* serving = supervisor_.serving()) {
                serving->show_fault(reason);
            }
        }
        close_reload(outcome, std::move(reason));
        tell(std::exchange(reload_waiters_, {}), reload_);
    }
    if (std::exchange(upgrade_next_, false)) {
        begin_upgrade();
        return;
    }
    if (std::exchange(reload_again_, false)) {
        reload_waiters_ = std::exchange(next_reload_waiters_, {});
        begin_reload();
    }
}

void Master::close_reload(ReloadStatus::Outcome outcome, std::string reason) {
    constexpr std::size_t kRemembered = 10;
    reload_.outcome = outcome;
    reload_.reason = std::move(reason);
    reload_.at = std::chrono::system_clock::now();
    reloads_.push_front(reload_);
    if (reloads_.size() > kRemembered) {
        reloads_.pop_back();
    }
}

void Master::refuse_reloads() {
    reload_again_ = false;
    if (reload_.outcome == ReloadStatus::Outcome::Running || !reload_waiters_.empty()) {
        close_reload(ReloadStatus::Outcome::Failed, "the server stops");
    }
    tell(std::exchange(reload_waiters_, {}), reload_);
    tell(std::exchange(next_reload_waiters_, {}), reload_);
}

void Master::tell(const std::vector<ReloadDone>& waiters, const ReloadStatus& end) {
    for (const ReloadDone& done : waiters) {
        if (done) {
            done(end);
        }
    }
}

}  // namespace geventd::master
