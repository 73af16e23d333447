// SPDX-License-Identifier: MIT
#include "master/replace/certificate_renewal.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

namespace {

// Half of the time that a session can be resumed (tls/context.cpp).
constexpr auto kTurn = std::chrono::hours(4);

// How soon it is tried again while another generation starts, which has the former keys.
constexpr auto kAgain = std::chrono::minutes(1);

constexpr auto kDay = std::chrono::hours(24);

// How soon changed files that cannot be used are read again.
constexpr std::array<Duration, 2> kPauses{std::chrono::seconds(1), std::chrono::seconds(5)};

}  // namespace

CertificateRenewal::CertificateRenewal(event::Loop& loop, event::DeadlineClock& clock,
                                       Certificates& certificates, Supervisor& supervisor)
    : certificates_(certificates),
      supervisor_(supervisor),
      watch_(loop, clock, [this](const std::string&) { on_file_change(); }),
      turn_(clock),
      day_(clock),
      again_(clock) {
    again_.bind<&CertificateRenewal::renew>(this);
    turn_.bind<&CertificateRenewal::on_turn>(this);
    day_.bind<&CertificateRenewal::on_day>(this);
}

// The files may have changed since they were read for the new generation.
void CertificateRenewal::on_serving() {
    certificates_.commit();
    const std::vector<std::string> files = certificates_.files();
    watch_.watch(files);
    if (files.empty()) {
        turn_.cancel();
        day_.cancel();
        again_.cancel();
        return;
    }
    turn_.start_unless_pending(until_turn());
    day_.start_unless_pending(kDay);
    on_file_change();
}

// The keys may be those of a former master.
Duration CertificateRenewal::until_turn() const {
    const Duration age = std::chrono::system_clock::now() - certificates_.turned();
    return std::clamp<Duration>(kTurn - age, Duration::zero(), kTurn);
}

void CertificateRenewal::on_file_change() noexcept {
    failures_ = 0;
    renew();
}

// A certificate and its key are two files: between them they are no pair.
void CertificateRenewal::renew() noexcept {
    again_.cancel();
    try {
        hand_out(certificates_.renew());
    } catch (const std::exception& error) {
        if (failures_ < kPauses.size()) {
            again_.start(kPauses[failures_++]);
            log::debug("changed certificates cannot be used yet: {}", error.what());
        } else {
            log::error("changed certificates cannot be used, the former ones stay: {}",
                       error.what());
        }
    }
}

void CertificateRenewal::on_turn() noexcept {
    if (certificates_.is_prepared()) {
        turn_.start(kAgain);
        return;
    }
    turn_.start(kTurn);
    hand_out(certificates_.turn_tickets());
}

void CertificateRenewal::on_day() noexcept {
    day_.start(kDay);
    on_file_change();  // what was not valid yet may be so now
    try {
        certificates_.warn_of_expiry();
    } catch (const std::exception& error) {
        log::debug("no look at the certificates' expiry: {}", error.what());
    }
}

void CertificateRenewal::hand_out(UniqueFd memory) noexcept {
    Generation* const serving = supervisor_.serving();
    if (!memory || serving == nullptr) {
        return;
    }
    try {
        serving->renew_tls(std::move(memory));
    } catch (const std::exception& error) {
        log::error("workers go on with the former certificates: {}", error.what());
    }
}

}  // namespace geventd::master
