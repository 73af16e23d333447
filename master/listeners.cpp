// SPDX-License-Identifier: MIT
#include "master/listeners.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "log/escape.h"
#include "log/logger.h"
#include "master/listen_options.h"
#include "net/accept_queue.h"

namespace geventd::master {

namespace {

// The workers of a master that was killed need a moment to leave its sockets.
constexpr Duration kInUsePatience = std::chrono::seconds(5);

std::vector<net::Listener> share(const net::ListenerSet& set) {
    std::vector<net::Listener> shared;
    for (const net::Listener& listener : set.listeners()) {
        shared.push_back(
            net::Listener::adopt(duplicate(listener.fd()), listener.wanted(), listener.owner()));
    }
    return shared;
}

std::vector<net::Listener> adopt(const config::Settings& settings,
                                 std::vector<ActivatedSocket> activated) {
    std::vector<net::Listener> adopted;
    for (ActivatedSocket& socket : activated) {
        const auto listen = std::find_if(
            settings.listen.begin(), settings.listen.end(),
            [&](const config::Listen& candidate) { return candidate.systemd == socket.name; });
        if (listen == settings.listen.end()) {
            log::warning("systemd passes a socket named {}, which no listen.systemd names: unused",
                         log::escape_controls(socket.name));
            continue;
        }
        adopted.push_back(net::Listener::adopt(std::move(socket.fd), listen->address,
                                               net::Listener::FileOwner::Others));
    }
    return adopted;
}

}  // namespace

Listeners::Listeners(const config::Settings& settings, std::vector<ActivatedSocket> activated)
    : current_(adopt(settings, std::move(activated))), wanted_(wanted_sockets(settings)) {
    current_.reopen(wanted_, net::retry_for(kInUsePatience));
}

Listeners::Listeners(const config::Settings& settings, std::vector<FormerSocket> former)
    : wanted_(wanted_sockets(settings)) {
    std::vector<net::Listener> open;
    for (FormerSocket& socket : former) {
        if (socket.owner == net::Listener::FileOwner::Us) {
            former_files_.insert(socket.fd.get());
        }
        open.push_back(net::Listener::adopt(std::move(socket.fd), socket.address,
                                            net::Listener::FileOwner::Others));
    }
    current_ = net::ListenerSet(std::move(open));
    former_dropped_ = current_.reopen(wanted_, net::no_retry());
}

void Listeners::own_files() {
    current_.own_files(former_files_);
    for (net::Listener& listener : former_dropped_) {
        if (former_files_.contains(listener.fd())) {
            listener.own_file();
            listener.unlink_own();
        }
    }
    former_dropped_.clear();
    former_files_.clear();
    current_.reopen(wanted_, net::no_retry());  // mode and owner of the files
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

Listeners::~Listeners() {
    current_.unlink_own();
}

void Listeners::prepare(const config::Settings& settings) {
    Prepared prepared{net::ListenerSet(share(current_)), wanted_sockets(settings), {}};
    prepared.dropped = prepared.set.reopen(prepared.wanted, net::no_retry());
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
    wanted_ = std::move(prepared_->wanted);
    prepared_.reset();
}

void Listeners::discard() noexcept {
    if (!prepared_) {
        return;
    }
    // Going back to what both sets have gives kept sockets their former options again and hands
    // out those that only the new configuration wanted.
    std::vector<net::Wanted> common;
    for (const net::Wanted& old : wanted_) {
        const bool kept = std::any_of(prepared_->wanted.begin(), prepared_->wanted.end(),
                                      [&](const net::Wanted& wanted) {
                                          return net::same_endpoint(wanted.address, old.address);
                                      });
        if (kept) {
            common.push_back(old);
        }
    }
    try {
        for (net::Listener& opened : prepared_->set.reopen(common, net::no_retry())) {
            opened.unlink_own();
        }
    } catch (const std::exception& error) {
        log::error("a socket of the failed reload stays behind: {}", error.what());
    }
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
        texts.push_back(net::format_address(listener.actual()));
    }
    return texts;
}

std::vector<ListenerStatus> Listeners::status() const {
    std::vector<ListenerStatus> all;
    for (const net::Listener& listener : current_.listeners()) {
        const net::AcceptQueue queue = net::accept_queue(listener.fd());
        all.push_back(
            {net::format_address(listener.actual()), queue.waiting, queue.most, queue.dropped});
    }
    return all;
}

}  // namespace geventd::master
