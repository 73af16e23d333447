// SPDX-License-Identifier: MIT
#include "master/clients/client_acceptor.h"

#include <chrono>
#include <new>
#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

constexpr auto kRest = std::chrono::seconds(1);

}  // namespace

ClientAcceptor::ClientAcceptor(event::Loop& loop, event::DeadlineClock& clock, std::string name,
                               Admit admit)
    : loop_(loop), name_(std::move(name)), admit_(std::move(admit)), io_(loop), rest_(clock) {
    io_.bind<ClientAcceptor, &ClientAcceptor::on_acceptable>(this);
    rest_.bind<&ClientAcceptor::on_rested>(this);
}

void ClientAcceptor::open(int listening) {
    listening_ = listening;
    io_.watch(listening_, event::Io::kRead);
}

void ClientAcceptor::hold() {
    rest_.cancel();
    io_.stop();
}

void ClientAcceptor::forget() {
    rest_.cancel();
    io_.forget();
}

void ClientAcceptor::on_acceptable(int) noexcept {
    auto accepted = reserve_.accept(listening_);
    if (accepted && *accepted) {
        told_ = false;
        return admit(std::move((*accepted)->fd));
    }
    if (!accepted && accepted.error().kind != net::AcceptError::Kind::Transient) {
        // The socket stays readable; without a pause the loop would spin.
        if (!std::exchange(told_, true)) {
            log::warning("{}: accept: {}; it is tried again every second", name_,
                         errno_text(accepted.error().code));
        }
        io_.stop();
        loop_.refresh_now();
        rest_.start(kRest);
    }
}

void ClientAcceptor::admit(UniqueFd fd) noexcept {
    try {
        admit_(std::move(fd));
    } catch (const std::bad_alloc&) {
        reserve_.refill();
    }
}

}  // namespace geventd::master
