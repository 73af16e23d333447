// SPDX-License-Identifier: MIT
#include "master/upgrade/succession.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"
#include "master/upgrade/program.h"
#include "net/address.h"

namespace geventd::master {

namespace {

constexpr int kBeginPatience = 10'000;

}  // namespace

void add_sockets(UpgradeMessage& message, std::vector<FormerSocket> sockets) {
    message.fields["sockets"] = fmt::format("{}", sockets.size());
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        const bool ours = sockets[i].owner == net::Listener::FileOwner::Us;
        message.fields[fmt::format("socket-{}", i)] = net::format_address(sockets[i].address);
        message.fields[fmt::format("socket-{}-file", i)] = ours ? "server" : "others";
        message.fds.push_back(std::move(sockets[i].fd));
    }
}

std::unique_ptr<Succession> Succession::join() {
    UpgradeLine line = take_line_to_former();
    if (!line) {
        return nullptr;
    }
    UpgradeMessage begin;
    auto received = UpgradeLine::Received::Empty;
    while (received == UpgradeLine::Received::Empty && line.wait(kBeginPatience)) {
        received = line.receive(begin);
    }
    if (received != UpgradeLine::Received::Message || begin.type != "begin") {
        throw std::runtime_error("the master that started this one as its successor says nothing");
    }
    auto succession = std::make_unique<Succession>(std::move(line), std::move(begin));
    succession->say("hello");
    return succession;
}

Succession::Succession(UpgradeLine line, UpgradeMessage begin)
    : line_(std::move(line)), begin_(std::move(begin)) {}

pid_t Succession::former() const {
    return state_ == State::Over ? 0 : static_cast<pid_t>(begin_.number("pid"));
}

std::vector<FormerSocket> Succession::take_sockets() {
    std::vector<FormerSocket> sockets;
    for (std::size_t i = 0; i < begin_.fds.size(); ++i) {
        const auto address = net::parse_address(begin_.text(fmt::format("socket-{}", i)));
        if (!address) {
            throw std::runtime_error("a socket of the former master: " + address.error().message);
        }
        const bool ours = begin_.text(fmt::format("socket-{}-file", i)) == "server";
        sockets.push_back({std::move(begin_.fds[i]), *address,
                           ours ? net::Listener::FileOwner::Us : net::Listener::FileOwner::Others});
    }
    begin_.fds.clear();
    return sockets;
}

void Succession::attach(event::Loop& loop, Owner& owner) {
    owner_ = &owner;
    io_ = std::make_unique<event::Io>(loop);
    io_->bind<Succession, &Succession::on_line>(this);
    io_->watch(line_.fd(), event::Io::kRead);
}

void Succession::ready() {
    if (state_ == State::Starting) {
        state_ = State::Ready;
        say("ready");
    }
}

void Succession::slow() {
    if (state_ == State::Starting && !std::exchange(slow_, true)) {
        say("slow");
    }
}

void Succession::failed(const std::string& reason) noexcept {
    say("failed", reason);
}

void Succession::say(const std::string& type, const std::string& body) noexcept {
    UpgradeMessage message;
    message.type = type;
    message.body = body.substr(0, 64 << 10);
    line_.send(message);  // a former master that is gone is noticed by end of file
}

void Succession::on_line(int) noexcept {
    for (;;) {
        UpgradeMessage message;
        switch (line_.receive(message)) {
            case UpgradeLine::Received::Empty:
                return;
            case UpgradeLine::Received::Closed:
                return on_hang_up();
            case UpgradeLine::Received::Message:
                on_message(message);
        }
    }
}

void Succession::on_message(UpgradeMessage& message) {
    if (message.type == "take-over" && state_ == State::Ready) {
        try {
            owner_->take_over(message);
        } catch (const std::exception& error) {
            log::error("the former master goes on: {}", error.what());
            return failed(error.what());
        }
        state_ = State::Taking;
        say("taken");
    } else if (message.type == "lead" && state_ == State::Taking) {
        state_ = State::Leading;
        owner_->lead();
    } else if (message.type == "signal") {
        UpgradeMessage reply;
        reply.type = owner_->take_signal(message) ? "accepted" : "refused";
        reply.fields["id"] = std::string(message.text("id"));
        line_.send(reply);
    }
}

void Succession::on_hang_up() {
    io_->forget();
    line_.close();
    const State state = std::exchange(state_, State::Over);
    if (state == State::Taking) {
        owner_->lead();
    }
    owner_->on_former_gone(state);
}

}  // namespace geventd::master
