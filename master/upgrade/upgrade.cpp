// SPDX-License-Identifier: MIT
#include "master/upgrade/upgrade.h"

#include <csignal>
#include <stdexcept>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

namespace {

// How often to look for signals that draining workers still send, to pass them to the new master.
constexpr Duration kTick = std::chrono::milliseconds(20);

// How long a master without workers waits for a successor whose queue stays full.
constexpr Duration kCarryPatience = std::chrono::seconds(30);

}  // namespace

Upgrade::Upgrade(event::Loop& loop, event::DeadlineClock& clock, Program program,
                 std::function<shm::SignalTable()> signals, Owner& owner)
    : loop_(loop),
      program_(std::move(program)),
      owner_(owner),
      handover_(*this),
      io_(loop),
      timer_(clock),
      signals_(std::move(signals)) {
    timer_.bind<&Upgrade::on_tick>(this);
    io_.bind<Upgrade, &Upgrade::on_line>(this);
}

void Upgrade::begin(Handover::Patience patience) {
    handover_.begin(loop_.refresh_now(), patience);
}

void Upgrade::abort(const std::string& reason) {
    handover_.abort(loop_.refresh_now(), reason);
}

void Upgrade::check_deadline() {
    handover_.check_deadline(loop_.refresh_now());
}

// Reads its last messages before judging its exit.
bool Upgrade::on_exit(const ChildExit& exit) {
    if (exit.pid != handover_.successor()) {
        return false;
    }
    read_line();
    return handover_.on_exit(exit);
}

pid_t Upgrade::start_successor() {
    UpgradeMessage inventory = owner_.inventory();
    Program::Started started = program_.start_successor();
    line_ = std::move(started.line);
    io_.watch(line_.fd(), event::Io::kRead);
    log::info("upgrade: {} is started as process {}", program_.path, started.pid);
    line_.send(inventory);  // if this fails, the new master is gone and will be reaped
    return started.pid;
}

bool Upgrade::hand_over() {
    const UpgradeLine::Sent sent = line_.send(owner_.give_away());
    if (sent == UpgradeLine::Sent::Full) {
        throw std::runtime_error(
            "it does not read its messages, or this process has no descriptors left");
    }
    return sent == UpgradeLine::Sent::Yes;
}

bool Upgrade::let_lead() {
    UpgradeMessage lead;
    lead.type = "lead";
    // If the new master has just died, it must not be announced as the main process.
    UpgradeMessage probe;
    probe.type = "steady";
    if (line_.send(probe) != UpgradeLine::Sent::Yes) {
        return false;
    }
    owner_.announce(handover_.successor());
    return line_.send(lead) == UpgradeLine::Sent::Yes;
}

void Upgrade::take_back() {
    owner_.take_back();
}

void Upgrade::leave() {
    owner_.leave();
    courier_.emplace(signals_());
    on_tick();
}

void Upgrade::give_up(const std::string& reason) {
    hang_up();
    owner_.on_upgrade_failed(reason);
}

void Upgrade::end_successor(pid_t pid, bool at_once) {
    ::kill(pid, at_once ? SIGKILL : SIGTERM);
}

void Upgrade::hang_up() {
    if (line_) {
        io_.forget();
        line_.close();
    }
}

void Upgrade::on_line(int) noexcept {
    read_line();
    owner_.on_upgrade();
}

void Upgrade::read_line() {
    while (line_) {
        UpgradeMessage message;
        const auto received = line_.receive(message);
        if (received == UpgradeLine::Received::Empty) {
            return;
        }
        if (received == UpgradeLine::Received::Closed) {
            hang_up();
            if (courier_) {
                courier_->put_all_back();
            }
            handover_.on_hang_up(loop_.refresh_now());
        } else {
            on_message(message);
        }
    }
}

void Upgrade::on_message(const UpgradeMessage& message) {
    if (message.type == "accepted" || message.type == "refused") {
        if (courier_) {
            courier_->on_reply(message);
        }
        return;
    }
    handover_.on_message(message.type, message.body, loop_.refresh_now());
}

void Upgrade::on_tick() noexcept {
    if (!has_left() || !courier_) {
        return;
    }
    courier_->carry(line_);
    loop_.refresh_now();
    timer_.start(kTick);
    owner_.on_upgrade();
}

bool Upgrade::is_done() {
    if (!line_ || !courier_) {
        return true;
    }
    if (!workers_gone_) {
        workers_gone_ = loop_.refresh_now();
    }
    courier_->carry(line_);
    return courier_->is_idle() || loop_.refresh_now() - *workers_gone_ > kCarryPatience;
}

}  // namespace geventd::master
