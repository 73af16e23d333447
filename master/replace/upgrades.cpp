// SPDX-License-Identifier: MIT
#include "master/replace/upgrades.h"

#include <unistd.h>

#include <utility>

#include <fmt/core.h>

#include "base/place.h"
#include "log/logger.h"
#include "master/host/privileges.h"

namespace geventd::master {

using Outcome = Replacement::Outcome;

Upgrades::Upgrades(const Parts& parts, Program program, Succession* succession, Turns& turns,
                   Reloads& reloads, Server& server)
    : parts_(parts),
      turns_(turns),
      reloads_(reloads),
      server_(server),
      upgrade_(
          parts.loop, parts.clock, std::move(program), [this] { return parts_.signals.table(); },
          *this) {
    if (succession != nullptr) {
        takeover_.emplace(parts, *succession, record_, reloads, server);
    }
}

const Turns::Words& Upgrades::words() const {
    static constexpr Turns::Words kWords{"a new master", "the new master", "the upgrade follows",
                                         "an upgrade"};
    return kWords;
}

void Upgrades::ask(Replacement::Done done) {
    if (const std::string reason = refusal(); !reason.empty()) {
        log::warning("no upgrade: {}", reason);
        if (done) {
            ReloadStatus refused;
            refused.outcome = Outcome::Failed;
            refused.reason = reason;
            done(refused);
        }
        return;
    }
    if (turns_.ask(*this, std::move(done)) == Turns::Asked::Queued) {
        server_.settle();  // it may supersede what is being started
    }
}

void Upgrades::warn_of_strangers() const {
    if (const std::string text = danger(); !text.empty()) {
        log::warning("{}; until then there are no upgrades", text);
    }
}

// With workers of another user, root must not execute what that user, or others, can change.
std::string Upgrades::danger() const {
    const std::optional<Tenant> tenant = tenant_of(parts_.host.identity());
    if (!tenant || ::geteuid() != 0) {
        return {};
    }
    const std::string who = upgrade_.program().who_may_replace_it(*tenant);
    return who.empty() ? ""
                       : fmt::format(
                             "root executes {}, but {}: give the program and all folders "
                             "above it to root",
                             upgrade_.program().path, who);
}

std::string Upgrades::refusal() const {
    if (::getpid() == 1) {
        return "process 1 cannot be replaced: its end is the end of the container";
    }
    if (turns_.is_closed()) {
        return "the server stops";
    }
    if (std::string text = danger(); !text.empty()) {
        return text;
    }
    const bool is_under_way = upgrade_.is_busy() && !upgrade_.is_slow();
    return is_under_way || record_.is_queued() || !leads() ? "another upgrade is under way already"
                                                           : "";
}

void Upgrades::begin() {
    record_.begin();
    parts_.host.reloading();
    // The time for loading the application plus the time for its workers to get ready.
    const config::Limits& limits = reloads_.settings().limits;
    upgrade_.begin({limits.slow_load, 2 * limits.load_time});
}

bool Upgrades::leads() const {
    return !has_left() && (!takeover_ || takeover_->leads());
}

// Stays until its clients are answered and no older master needs it to forward signals.
bool Upgrades::may_go() {
    if (!has_left()) {
        return !upgrade_.is_busy();
    }
    const bool passes_signals = takeover_ && takeover_->former() != 0;
    return !passes_signals && parts_.admin.clients() == 0 && upgrade_.is_done();
}

UpgradeStatus Upgrades::status() const {
    return {record_.newest(), upgrade_.successor(), takeover_ ? takeover_->former() : 0};
}

UpgradeMessage Upgrades::inventory() {
    UpgradeMessage message;
    message.type = "begin";
    const Certificates::Heritage certificates = parts_.certificates.hand_over();
    message.fields = {
        {"pid", fmt::format("{}", ::getpid())},
        {"generations", fmt::format("{}", reloads_.generations())},
        {"upgrades", fmt::format("{}", record_.newest().count)},
        {"control", parts_.admin.control_place()},
        {"pidfile", parts_.host.pidfile_path()},
        {"log", reloads_.settings().log.file},
        {"tickets", certificates.tickets},
        {"tickets-turned", fmt::format("{}", certificates.turned)},
        {"certificates", certificates.certificates},
    };
    parts_.listeners.revive();
    add_sockets(message, parts_.listeners.for_successor());
    return message;
}

UpgradeMessage Upgrades::give_away() {
    UpgradeMessage message;
    message.type = "take-over";
    parts_.admin.hold();
    const Ticker::Saved ticks = parts_.signals.ticker().save_and_hold();
    message.body = ticks.timers;
    message.fields = {
        {"ticks-until", fmt::format("{}", ticks.moment)},
        {"paused", parts_.supervisor.is_paused() ? "1" : "0"},
        {"reload", reloads_.record().is_queued() ? "1" : "0"},
    };
    if (UniqueFd control = parts_.admin.copy_control()) {
        message.fds.push_back(std::move(control));
    }
    if (UniqueFd pidfile = parts_.host.pidfile_copy()) {
        message.fds.push_back(std::move(pidfile));
    }
    return message;
}

void Upgrades::take_back() noexcept {
    parts_.host.take_pidfile_back();
    parts_.admin.resume();
    parts_.signals.ticker().resume();
}

void Upgrades::announce(pid_t successor) noexcept {
    parts_.host.announce(successor);
}

void Upgrades::leave() noexcept {
    log::info("process {} is the master from now on; this one finishes what is in flight",
              upgrade_.successor());
    parts_.admin.let_go();
    parts_.listeners.let_go();
    parts_.supervisor.retire();
    record_.end(Outcome::Done, {});
    turns_.hand_over(record_.newest());
}

void Upgrades::on_upgrade_failed(const std::string& reason) noexcept {
    log::error("the upgrade failed, the running master goes on: {}", reason);
    record_.end(Outcome::Failed, reason);
    if (turns_.is_closed()) {
        return;
    }
    parts_.host.serving("the last upgrade failed: " + reason);
    if (!turns_.next() && parts_.supervisor.serving() == nullptr && !parts_.supervisor.is_busy()) {
        server_.give_up_start(reason);  // it had superseded the first generation
    }
}

}  // namespace geventd::master
