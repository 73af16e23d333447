// SPDX-License-Identifier: MIT
#include "master/replace/reloads.h"

#include <chrono>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/version.h"
#include "config/diff.h"
#include "config/memory_share.h"
#include "log/escape.h"
#include "log/logger.h"
#include "master/host/kernel_limits.h"
#include "master/interpreter/find_worker.h"

namespace geventd::master {

namespace {

using Outcome = Replacement::Outcome;

std::string join(const std::vector<std::string>& texts) {
    std::string joined;
    for (const std::string& text : texts) {
        joined += (joined.empty() ? "" : ", ") + text;
    }
    return joined;
}

/// After a failed reload.
std::string_view tell_what_serves(const Generation* serving) {
    if (serving == nullptr) {
        return "nothing serves until another succeeds";
    }
    return serving->strength().is_aside() ? "the old generation comes back"
                                          : "the old generation goes on";
}

}  // namespace

Reloads::Reloads(const Parts& parts, config::Settings first, ReadSettings read_settings,
                 Turns& turns, Server& server)
    : parts_(parts),
      settings_(std::move(first)),
      read_settings_(std::move(read_settings)),
      turns_(turns),
      server_(server),
      files_(parts.loop, parts.clock, parts.host.identity(),
             [this](const std::string& path) { on_file_change(path); }),
      renewal_(parts.loop, parts.clock, parts.certificates, parts.supervisor) {}

const Turns::Words& Reloads::words() const {
    static constexpr Turns::Words kWords{"a generation", "the generation", "another reload follows",
                                         "a newer reload"};
    return kWords;
}

void Reloads::ask(Replacement::Done done) {
    if (turns_.ask(*this, std::move(done)) == Turns::Asked::Queued) {
        server_.settle();  // it may supersede what is being started
    }
}

void Reloads::on_file_change(const std::string& path) noexcept {
    log::info("{} has changed: reload", log::escape_controls(path));
    ask({});
    server_.settle();
}

// True when the configuration can be read. A broken one fails at once and supersedes nothing.
bool Reloads::is_sound() {
    try {
        read_settings_();
        return true;
    } catch (const std::exception& error) {
        log::error("the newer reload failed, what is loading goes on: {}", error.what());
        ReloadStatus failed;
        failed.outcome = Outcome::Failed;
        failed.reason = error.what();
        record_.answer_queued(failed);
        return false;
    }
}

// Puts the values in force in place of changed ones that need a restart, so that `settings` is
// what is true of the server, and a later reload warns again.
void Reloads::keep_until_restart(config::Settings& settings) const {
    const auto keys = config::keep_until_restart(settings_, settings);
    if (!keys.empty()) {
        log::warning("{} {} effect with a restart; until then the former {}", join(keys),
                     keys.size() == 1 ? "takes" : "take",
                     keys.size() == 1 ? "value counts" : "values count");
    }
}

void Reloads::keep_log_of(const std::string& place) {
    const auto is_standard = [](const std::string& file) {
        return file == "stderr" || file == "stdout";
    };
    if (!place.empty() && !is_standard(place) && is_standard(settings_.log.file)) {
        log::warning("log.file: {} takes effect with a restart; until then it is {}",
                     settings_.log.file, place);
        settings_.log.file = place;
    }
}

void Reloads::begin() {
    record_.begin();
    parts_.host.reloading();
    try {
        config::Settings settings = read_settings_();
        keep_until_restart(settings);
        parts_.listeners.prepare(settings);
        start_generation(std::move(settings));
    } catch (const std::exception& error) {
        discard();
        end(Outcome::Failed, error.what());
        if (parts_.supervisor.serving() == nullptr && !turns_.is_busy() && !turns_.is_closed()) {
            server_.give_up_start(error.what());  // the superseded one was the first generation
        }
    }
}

void Reloads::start_generation(config::Settings settings) {
    for (const std::string& sentence : fit_kernel_limits(settings)) {
        log::warning("{}", sentence);
    }
    if (config::is_bound_by_memory(settings.workers)) {
        log::info("{}", config::tell_of_memory(settings.workers));
    }
    parts_.certificates.prepare(settings);
    files_.on_start(settings);
    parts_.signals.renew(parts_.loop.now());
    const Generation* serving = parts_.supervisor.serving();
    Generation::Plan plan;
    plan.contents.generation = generations_ + 1;
    plan.contents.program = find_worker(settings.app, parts_.host.identity());
    plan.contents.listeners = parts_.listeners.copies();
    plan.contents.tls = parts_.certificates.memory();
    plan.former_workers = serving == nullptr ? 0 : serving->strength().normal();
    plan.rolling =
        settings.reload.strategy == config::ReloadStrategy::Rolling && serving != nullptr;
    // A renewal of the shared memory brings no new code that could not live beside the old one.
    plan.restarts = settings.reload.strategy == config::ReloadStrategy::Restart && !renewing_;
    plan.settings = std::move(settings);
    parts_.supervisor.begin(std::move(plan));
    ++generations_;
}

// Drops what was prepared for a generation that has failed.
void Reloads::discard() {
    parts_.listeners.discard();
    parts_.certificates.discard();
}

void Reloads::on_outcome(const Supervisor::Outcome& outcome) {
    if (outcome.serves) {
        on_generation_serves(outcome.gap);
        return;
    }
    discard();
    if (parts_.supervisor.serving() == nullptr && !turns_.is_anything_queued()) {
        record_.end(Outcome::Failed, outcome.failure, false);  // a restart that cannot go back
        server_.give_up_start(outcome.failure);
        return;
    }
    end(Outcome::Failed, outcome.failure);
}

// `gap`: how long nothing has served before, in a restart.
void Reloads::on_generation_serves(std::optional<Duration> gap) {
    const Generation& generation = *parts_.supervisor.serving();
    parts_.listeners.commit();
    renewal_.on_serving();
    settings_ = generation.settings();
    server_.on_serving(settings_);
    files_.on_serving(settings_);
    parts_.admin.change_metrics(settings_.metrics);
    const std::size_t workers = generation.workers().size();
    const std::string serves = fmt::format(
        "{} {}, {} cores each, {} ({}){}{}", workers, workers == 1 ? "worker" : "workers",
        settings_.workers.cores, join(parts_.listeners.addresses()), generation.program().text(),
        generation.number() == 1 ? "" : fmt::format(" (generation {})", generation.number()),
        gap ? fmt::format(", after a gap of {:.1f} s", std::chrono::duration<double>(*gap).count())
            : "");
    log::info("geventd {} ready: {}", kVersion, serves);
    parts_.host.serving(serves);
    end(Outcome::Done, {});
}

void Reloads::end(Outcome outcome, const std::string& reason) {
    end_renewal(outcome, reason);
    if (record_.is_running() && outcome == Outcome::Failed) {
        log::error("the reload failed, {}: {}", tell_what_serves(parts_.supervisor.serving()),
                   reason);
        parts_.host.serving("the last reload failed: " + reason);
        if (Generation* serving = parts_.supervisor.serving()) {
            if (serving->settings().app.reload_on_change) {
                serving->workers().show_fault(reason);
            }
        }
    }
    record_.end(outcome, reason, parts_.supervisor.serving() != nullptr);
    turns_.next();
}

// The new generation uses the settings that are in force: a log that could not be opened is not
// tried again.
void Reloads::renew_signals() noexcept {
    const Generation* serving = parts_.supervisor.serving();
    const TimePoint now = parts_.loop.now();
    if (now < parts_.signals.renewal_due() || serving == nullptr || turns_.is_closed() ||
        turns_.is_busy()) {
        return;
    }
    try {
        config::Settings settings = settings_;
        settings.workers.processes = serving->strength().most();
        parts_.listeners.prepare(settings);
        renewing_ = true;
        start_generation(std::move(settings));
    } catch (const std::exception& error) {
        discard();
        parts_.signals.put_off_renewal(parts_.loop.now());
        end_renewal(Outcome::Failed, error.what());
    }
}

void Reloads::end_renewal(Outcome outcome, const std::string& reason) {
    if (std::exchange(renewing_, false) && outcome == Outcome::Failed) {
        log::error(
            "the workers with the damaged memory cannot be replaced yet, it is tried again: {}",
            reason);
    }
}

}  // namespace geventd::master
