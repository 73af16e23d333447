// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"
#include "master/control/commands.h"
#include "master/master.h"
#include "master/upgrade/signal_mail.h"

// Upgrades, as the master that hands over and as the one that takes over. What goes from one to the
// other is in inventory() and give_away(), and nowhere else.

namespace geventd::master {

void Master::upgrade(ReloadDone done) {
    const bool is_busy = upgrade_.is_busy() && !upgrade_.is_slow();
    if (stopping_ || upgrade_.has_left() || is_busy || upgrade_next_ || !leads() ||
        ::getpid() == 1) {
        ReloadStatus refused;
        refused.outcome = ReloadStatus::Outcome::Failed;
        refused.reason =
            ::getpid() == 1
                ? "process 1 cannot be replaced: its end is the end of the container"
                : (stopping_ ? "the server stops" : "another upgrade is under way already");
        log::warning("no upgrade: {}", refused.reason);
        return tell({std::move(done)}, refused);
    }
    if (supervisor_.is_busy() || upgrade_.is_busy()) {
        log::info("{} is being started; the upgrade follows",
                  upgrade_.is_busy() ? "a new master" : "a generation");
        next_upgrade_waiters_.push_back(std::move(done));
        upgrade_next_ = true;
        settle();  // it may take the place of what is under way
        return;
    }
    next_upgrade_waiters_.push_back(std::move(done));
    begin_upgrade();
}

void Master::begin_upgrade() {
    upgrade_waiters_ = std::exchange(next_upgrade_waiters_, {});
    upgrade_status_.outcome = ReloadStatus::Outcome::Running;
    upgrade_status_.count += 1;
    upgrade_status_.reason.clear();
    upgrade_status_.at = std::chrono::system_clock::now();
    host_.reloading();
    // First the application is loaded, then workers get ready.
    upgrade_.begin({settings_.limits.slow_load, 2 * settings_.limits.load_time});
}

void Master::end_upgrade(ReloadStatus::Outcome outcome, const std::string& reason) {
    upgrade_status_.outcome = outcome;
    upgrade_status_.reason = reason;
    upgrade_status_.at = std::chrono::system_clock::now();
    tell(std::exchange(upgrade_waiters_, {}), upgrade_status_);
}

void Master::refuse_upgrades(const std::string& reason) {
    upgrade_next_ = false;
    for (ReloadDone& done : std::exchange(next_upgrade_waiters_, {})) {
        upgrade_waiters_.push_back(std::move(done));
    }
    if (!upgrade_waiters_.empty()) {
        end_upgrade(ReloadStatus::Outcome::Failed, reason);
    }
}

void Master::on_upgrade_failed(const std::string& reason) noexcept {
    log::error("the upgrade failed, the running master goes on: {}", reason);
    end_upgrade(ReloadStatus::Outcome::Failed, reason);
    if (stopping_) {
        return;
    }
    host_.serving("the last upgrade failed: " + reason);
    if (std::exchange(upgrade_next_, false)) {
        begin_upgrade();
    } else if (std::exchange(reload_again_, false)) {
        reload_waiters_ = std::exchange(next_reload_waiters_, {});
        begin_reload();
    } else if (supervisor_.serving() == nullptr && !supervisor_.is_busy()) {
        give_up_start(reason);  // it had taken the place of the first generation
    }
}

void Master::on_upgrade() noexcept {
    settle();
}

// --- the master that hands over ------------------------------------------------------------------

UpgradeMessage Master::inventory() {
    UpgradeMessage message;
    message.type = "begin";
    message.fields = {
        {"pid", fmt::format("{}", ::getpid())},
        {"generations", fmt::format("{}", generations_)},
        {"upgrades", fmt::format("{}", upgrade_status_.count)},
        {"control", std::filesystem::absolute(settings_.control).string()},
        {"pidfile", host_.pidfile_path()},
    };
    listeners_.revive();
    add_sockets(message, listeners_.for_successor());
    return message;
}

UpgradeMessage Master::give_away() {
    UpgradeMessage message;
    message.type = "take-over";
    control_->renew();
    control_->hold();
    watchers_.close();  // the successor opens it anew
    const Ticker::Saved ticks = signals_.save_and_hold_ticks();
    message.body = ticks.timers;
    message.fields = {
        {"ticks-until", fmt::format("{}", ticks.moment)},
        {"paused", supervisor_.is_paused() ? "1" : "0"},
        {"reload", reload_again_ ? "1" : "0"},
    };
    message.fds.push_back(control_->copy());
    if (UniqueFd pidfile = host_.pidfile_copy()) {
        message.fds.push_back(std::move(pidfile));
    }
    return message;
}

void Master::take_back() noexcept {
    host_.take_pidfile_back();
    control_->resume();
    renew_watchers();
    signals_.resume_ticks();
}

void Master::announce(pid_t successor) noexcept {
    host_.announce(successor);
}

void Master::leave() noexcept {
    log::info("process {} is the master from now on; this one finishes what is in flight",
              upgrade_.successor());
    control_->let_go();
    listeners_.let_go();
    supervisor_.retire();
    end_upgrade(ReloadStatus::Outcome::Done, {});
    reload_again_ = false;
    tell(std::exchange(next_reload_waiters_, {}), upgrade_status_);
}

// Whoever asked this master gets an answer of it, and signals of a former one go through it.
bool Master::may_go() {
    if (!supervisor_.empty()) {
        return false;
    }
    if (upgrade_.has_left()) {
        const bool feeds = origin_.succession != nullptr && origin_.succession->former() != 0;
        return !feeds && control_->clients() == 0 && upgrade_.is_done();
    }
    return stopping_ && !upgrade_.is_busy();
}

// --- the master that takes over ------------------------------------------------------------------

bool Master::leads() const {
    return !upgrade_.has_left() && (origin_.succession == nullptr || served_);
}

void Master::await_succession(Succession& succession) {
    const UpgradeMessage& former = succession.inventory();
    generations_ = static_cast<std::uint32_t>(former.number("generations"));
    upgrade_status_.count = static_cast<std::uint32_t>(former.number("upgrades"));
    upgrade_status_.outcome = ReloadStatus::Outcome::Running;
    if (former.text("control") != std::filesystem::absolute(settings_.control).string()) {
        open_control({});
    }
    supervisor_.defer(true);
    signals_.hold_ticks();
    succession.attach(loop_, *this);
}

void Master::open_control(UniqueFd listening) {
    ControlServer::Options control;
    control.path = settings_.control;
    control.listening = std::move(listening);
    control_ = std::make_unique<ControlServer>(loop_, clock_, std::move(control));
    add_commands(*control_, *this);
}

void Master::take_over(UpgradeMessage& message) {
    if (message.fds.empty()) {
        throw std::runtime_error("the former master passes no control socket");
    }
    host_.take_pidfile(message.fds.size() > 1 ? std::move(message.fds[1]) : UniqueFd());
    if (control_ == nullptr) {
        open_control(std::move(message.fds[0]));
        control_->hold();
    } else {
        net::SocketFile::of(message.fds[0].get(),
                            std::string(origin_.succession->inventory().text("control")))
            .unlink_own();
    }
    supervisor_.pause(message.number("paused") != 0);
    signals_.restore_ticks({message.body, message.number("ticks-until")});
    reload_again_ = message.number("reload") != 0;
}

void Master::lead() noexcept {
    served_ = true;
    listeners_.own_files();
    control_->resume();
    renew_watchers();
    signals_.resume_ticks();
    log::info("this process takes over from process {}",
              origin_.succession->inventory().text("pid"));
    end_upgrade(ReloadStatus::Outcome::Done, {});
    supervisor_.defer(false);
    settle();
}

bool Master::take_signal(const UpgradeMessage& message) noexcept {
    const auto signal = parse_signal(message);
    if (!signal) {
        log::error("{}", signal.error().message);
        return true;  // nothing can be made of it, however often it comes
    }
    return signals_.take_over(*signal);
}

void Master::on_former_gone(Succession::State state) noexcept {
    if (state < Succession::State::Taking) {
        log::error("the former master is gone before it handed over: leaving");
        stop();
        return;
    }
    log::info("the former master has left");
    signals_.former_is_gone();
    settle();
}

}  // namespace geventd::master
