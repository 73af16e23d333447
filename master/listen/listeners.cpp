// SPDX-License-Identifier: MIT
#include "master/listen/listeners.h"

#include <algorithm>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "log/escape.h"
#include "log/logger.h"
#include "master/listen/listen_options.h"
#include "net/accept_queue.h"
#include "net/listening.h"

namespace geventd::master {

namespace {

// After a master was killed, its workers need a moment to close its sockets.
constexpr Duration kInUsePatience = std::chrono::seconds(5);

// The shortest time between two revivals that workers have asked for.
constexpr Duration kRevivalPause = std::chrono::milliseconds(100);

std::vector<net::Listener> share(const net::ListenerSet& set) {
    std::vector<net::Listener> shared;
    for (const net::Listener& listener : set.listeners()) {
        shared.push_back(listener.share());
    }
    return shared;
}

/// Which of the configured sockets each of those is that systemd passes: of its name, and bound so
/// if there is such a one. All sockets of a unit have the same name.
class Adoption {
  public:
    explicit Adoption(const std::vector<config::Listen>& listen) : listen_(listen) {}

    /// Null: none is left for it.
    const config::Listen* take_for(const ActivatedSocket& socket, bool is_bound_so) {
        for (const config::Listen& listen : listen_) {
            if (!listen.systemd.empty() && listen.systemd == socket.name &&
                (!is_bound_so || net::is_bound_to(socket.fd.get(), listen.address)) &&
                taken_.insert(&listen).second) {
                return &listen;
            }
        }
        return nullptr;
    }

  private:
    const std::vector<config::Listen>& listen_;
    std::set<const config::Listen*> taken_;
};

std::vector<net::Listener> adopt(const config::Settings& settings,
                                 std::vector<ActivatedSocket> activated) {
    std::vector<net::Listener> adopted;
    Adoption adoption(settings.listen);
    for (const bool is_bound_so : {true, false}) {
        for (ActivatedSocket& socket : activated) {
            const config::Listen* const listen =
                socket.fd ? adoption.take_for(socket, is_bound_so) : nullptr;
            if (listen != nullptr) {
                adopted.push_back(net::Listener::adopt(std::move(socket.fd), listen->address));
            }
        }
    }
    for (const ActivatedSocket& socket : activated) {
        if (socket.fd) {
            log::warning(
                "systemd passes a socket named {}, for which there is no listen.systemd: unused",
                log::escape_controls(socket.name));
        }
    }
    return adopted;
}

/// What an open socket of `[::]` cannot change any more, as a sentence: whether IPv4 clients reach
/// it. Empty: nothing is to change.
std::string tell_of_fixed(const net::ListenerSet& open, const std::vector<net::Wanted>& wanted) {
    for (const net::Listener& listener : open.listeners()) {
        const std::string address = net::format_address(listener.wanted());
        for (const net::Wanted& one : wanted) {
            if (one.address.family == net::Family::Inet6 && one.address.host == "::" &&
                net::format_address(one.address) == address &&
                listener.is_dual_stack() == one.options.ipv6_only) {
                return fmt::format(
                    "{} goes on {} IPv4 clients, as it was opened: listen.ipv6-only and IPv4 "
                    "addresses of its port take effect with a restart",
                    address, listener.is_dual_stack() ? "with" : "without");
            }
        }
    }
    return "";
}

}  // namespace

Listeners::Listeners(const config::Settings& settings, const Identity& tenant,
                     std::vector<ActivatedSocket> activated)
    : tenant_(tenant),
      current_(adopt(settings, std::move(activated))),
      wanted_(wanted_sockets(settings, tenant)) {
    note_systemd_names(settings);
    current_.reopen(wanted_, net::retry_for(kInUsePatience));
}

Listeners::Listeners(const config::Settings& settings, const Identity& tenant,
                     std::vector<FormerSocket> former)
    : tenant_(tenant), wanted_(wanted_sockets(settings, tenant)) {
    note_systemd_names(settings);
    std::vector<net::Listener> open;
    for (FormerSocket& socket : former) {
        open.push_back(net::Listener::adopt(std::move(socket.fd), socket.address));
        if (socket.owner == net::Listener::FileOwner::Us) {
            open.back().find_file();
        }
    }
    current_ = net::ListenerSet(std::move(open));
    former_dropped_ = current_.reopen(wanted_, net::no_retry());
    if (const std::string kept = tell_of_fixed(current_, wanted_); !kept.empty()) {
        log::warning("{}", kept);
    }
}

void Listeners::own_files() noexcept {
    current_.own_files();
    for (net::Listener& listener : former_dropped_) {
        listener.own_file();
        listener.unlink_own();
    }
    former_dropped_.clear();
    current_.apply(wanted_);  // mode and owner of the files
}

std::vector<FormerSocket> Listeners::for_successor() const {
    std::vector<FormerSocket> sockets;
    for (const net::Listener& listener : current_.listeners()) {
        sockets.push_back({duplicate(listener.fd()), listener.wanted(), listener.owner()});
    }
    return sockets;
}

void Listeners::let_go() noexcept {
    discard();
    current_.disown_files();
    current_ = {};
    wanted_.clear();
}

void Listeners::close() noexcept {
    current_.unlink_own();
    let_go();
}

Listeners::~Listeners() {
    current_.unlink_own();
}

void Listeners::note_systemd_names(const config::Settings& settings) {
    for (const config::Listen& listen : settings.listen) {
        if (!listen.systemd.empty()) {
            systemd_names_[net::format_address(listen.address)] = listen.systemd;
        }
    }
}

std::string Listeners::remedy(const net::Listener& listener) const {
    if (listener.is_replaceable()) {
        return "the next reload opens a new one at its path";
    }
    const auto systemd = systemd_names_.find(net::format_address(listener.wanted()));
    if (systemd != systemd_names_.end()) {
        const std::string name = log::escape_controls(systemd->second);
        return "systemd has to open a new one: systemctl restart " +
               (name.ends_with(".socket") ? name
                                          : "the socket unit whose FileDescriptorName is " + name);
    }
    return "only a restart of the server opens a new one";
}

void Listeners::revive_if_due(TimePoint now) noexcept {
    if (revival_asked_ && now >= next_revival_) {
        revival_asked_ = false;
        next_revival_ = now + kRevivalPause;
        revive();
    }
}

void Listeners::revive() noexcept {
    std::set<int> down;
    for (const auto& [listener, error] : current_.revive(wanted_)) {
        const std::string address = net::format_address(listener->actual());
        if (error.empty()) {
            log::warning(
                "the listening socket {} was shut down by a process that holds it, the "
                "application as a rule; it listens again",
                address);
        } else if (down.insert(listener->fd()); !told_down_.contains(listener->fd())) {
            const bool inet = listener->wanted().family == net::Family::Inet ||
                              listener->wanted().family == net::Family::Inet6;
            log::error(
                "the listening socket {} was shut down by a process that holds it, the "
                "application as a rule, and nobody can connect to it any more: {}",
                address, inet ? error : remedy(*listener));
        }
    }
    told_down_ = std::move(down);  // a revived socket is reported again if it fails again
}

void Listeners::prepare(const config::Settings& settings) {
    revive();
    Prepared prepared{net::ListenerSet(share(current_)), wanted_sockets(settings, tenant_), {}};
    const std::string fixed = tell_of_fixed(current_, prepared.wanted);
    try {
        prepared.dropped = prepared.set.reopen(prepared.wanted, net::no_retry());
    } catch (const std::exception& error) {
        throw std::runtime_error(error.what() + (fixed.empty() ? "" : "; " + fixed));
    }
    if (!fixed.empty()) {
        log::warning("{}", fixed);
    }
    prepared_ = std::move(prepared);
}

void Listeners::commit() noexcept {
    if (!prepared_) {
        return;
    }
    for (net::Listener& listener : prepared_->dropped) {
        listener.unlink_own();
    }
    current_ = std::move(prepared_->set);
    told_down_.clear();
    wanted_ = std::move(prepared_->wanted);
    prepared_.reset();
}

void Listeners::discard() noexcept {
    if (!prepared_) {
        return;
    }
    prepared_->set.unlink_all_but(current_);
    current_.apply(wanted_);  // kept sockets may have changed options
    prepared_.reset();
}

std::vector<UniqueFd> Listeners::copies() const {
    std::vector<UniqueFd> fds;
    for (const net::Listener& listener : (prepared_ ? prepared_->set : current_).listeners()) {
        fds.push_back(duplicate(listener.fd()));
    }
    return fds;
}

std::vector<std::string> Listeners::addresses() const {
    std::vector<std::string> texts;
    for (const net::Listener& listener : current_.listeners()) {
        std::string text = net::format_address(listener.actual());
        if (listener.owner() == net::Listener::FileOwner::Us) {
            text += fmt::format(" ({})", access_text(listener.file().path()));
        }
        texts.push_back(std::move(text));
    }
    return texts;
}

std::uint64_t Listeners::waiting() const {
    std::uint64_t waiting = 0;
    for (const net::Listener& listener : current_.listeners()) {
        waiting += net::accept_queue(listener.fd()).waiting;
    }
    return waiting;
}

std::vector<ListenerStatus> Listeners::status() const {
    std::vector<ListenerStatus> all;
    for (const net::Listener& listener : current_.listeners()) {
        const net::AcceptQueue queue = net::accept_queue(listener.fd());
        all.push_back({net::format_address(listener.actual()), queue.waiting, queue.most,
                       queue.dropped, listener.is_down()});
    }
    return all;
}

}  // namespace geventd::master
