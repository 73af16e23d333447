// SPDX-License-Identifier: MIT
#include "master/replace/takeover.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "config/control_place.h"
#include "log/logger.h"
#include "master/upgrade/signal_mail.h"

// Reads the messages that Upgrades::inventory() and Upgrades::give_away() make.

namespace geventd::master {

void Takeover::begin() {
    const UpgradeMessage& former = succession_.inventory();
    reloads_.count_from(static_cast<std::uint32_t>(former.number("generations")));
    reloads_.keep_log_of(std::string(former.text("log")));
    upgrade_.join(static_cast<std::uint32_t>(former.number("upgrades")));
    parts_.admin.prepare_control(reloads_.settings(), std::string(former.text("control")));
    parts_.certificates.take_over({.tickets = std::string(former.text("tickets")),
                                   .turned = former.number("tickets-turned"),
                                   .certificates = std::string(former.text("certificates"))});
    parts_.supervisor.defer(true);
    parts_.signals.ticker().hold();
    succession_.attach(parts_.loop, *this);
}

void Takeover::tell_slow() {
    if (parts_.supervisor.is_slow()) {
        succession_.slow();
    }
}

void Takeover::tell_ready() {
    if (parts_.supervisor.could_serve()) {
        succession_.ready();
    }
}

void Takeover::take_over(UpgradeMessage& message) {
    const std::string control(succession_.inventory().text("control"));
    const std::size_t of_control = config::is_off(control) ? 0 : 1;
    if (message.fds.size() < of_control) {
        throw std::runtime_error("the former master passes no control socket");
    }
    parts_.host.take_pidfile(message.fds.size() > of_control ? std::move(message.fds[of_control])
                                                             : UniqueFd());
    parts_.admin.take_over(of_control == 0 ? UniqueFd() : std::move(message.fds[0]), control);
    parts_.supervisor.pause(message.number("paused") != 0);
    parts_.signals.ticker().restore({message.body, message.number("ticks-until")});
    if (message.number("reload") != 0) {
        reloads_.record().queue({});
    }
}

void Takeover::lead() noexcept {
    leads_ = true;
    parts_.listeners.own_files();
    parts_.admin.resume();
    parts_.signals.ticker().resume();
    log::info("this process takes over from process {}", succession_.inventory().text("pid"));
    upgrade_.end(Replacement::Outcome::Done, {});
    parts_.supervisor.defer(false);
    server_.settle();
}

bool Takeover::take_signal(const UpgradeMessage& message) noexcept {
    const auto signal = parse_signal(message);
    if (!signal) {
        log::error("{}", signal.error().message);
        return true;  // unreadable; sending it again would not help
    }
    return parts_.signals.take_over(*signal);
}

void Takeover::on_former_gone(Succession::State state) noexcept {
    if (state < Succession::State::Taking) {
        log::error("the former master ended before it handed over: exiting");
        server_.stop();
        return;
    }
    log::info("the former master has left");
    parts_.signals.former_is_gone();
    server_.settle();
}

}  // namespace geventd::master
