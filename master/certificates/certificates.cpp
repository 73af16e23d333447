// SPDX-License-Identifier: MIT
#include "master/certificates/certificates.h"

#include <chrono>
#include <exception>
#include <sstream>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "base/sealed_memory.h"
#include "log/logger.h"
#include "tls/ticket_keys.h"

namespace geventd::master {

namespace {

constexpr auto kSoon = std::chrono::hours(14 * 24);

std::string day_of(std::chrono::system_clock::time_point at) {
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
}

// Whose sessions must end when others may sign the clients' certificates.
std::vector<std::string> scopes_of(const Certification& read) {
    std::vector<std::string> scopes;
    for (const tls::Endpoint& endpoint : read.endpoints) {
        if (endpoint.clients != tls::ClientCertificates::None) {
            scopes.push_back(endpoint.session_scope);
        }
    }
    return scopes;
}

void tell_of(const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings) {
        log::warning("{}", warning);
    }
}

void tell_of_renewed(const std::vector<CertificateStatus>& read,
                     const std::vector<CertificateStatus>& former) {
    for (std::size_t i = 0; i < read.size() && i < former.size(); ++i) {
        const CertificateStatus& status = read[i];
        if (status != former[i]) {
            log::info("{} has changed: {} is valid until {} and used from now on", status.file,
                      fmt::join(status.names, ", "), day_of(status.expires));
        }
    }
}

}  // namespace

void Certificates::prepare(const config::Settings& settings) {
    Certification read = read_certification(settings.listen);
    refuse_untimely(read.statuses, known());
    std::vector<tls::TicketKey> tickets = tickets_;
    if (tickets.empty() || (serving_ && scopes_of(read) != serving_->scopes)) {
        tickets = fresh_tickets();
    }
    prepared_ = make_set(settings.listen, std::move(read), std::move(tickets));
}

std::vector<tls::TicketKey> Certificates::fresh_tickets() {
    turned_ = std::chrono::system_clock::now();
    return {tls::make_ticket_key()};
}

Certificates::Set Certificates::make_set(std::vector<config::Listen> listen, Certification read,
                                         std::vector<tls::TicketKey> tickets) {
    Set set{.listen = std::move(listen),
            .statuses = std::move(read.statuses),
            .scopes = scopes_of(read),
            .warnings = std::move(read.warnings),
            .tickets = std::move(tickets)};
    const tls::Material material{
        .edition = ++edition_, .endpoints = std::move(read.endpoints), .tickets = set.tickets};
    if (material.is_needed()) {
        set.memory = make_sealed_memory("geventd-tls", tls::encode(material));
    }
    return set;
}

// What is in use, here or in the former master, may expire.
std::vector<std::string> Certificates::known() const {
    if (!serving_) {
        return inherited_;
    }
    const auto tomorrow = std::chrono::system_clock::now() + std::chrono::hours(24);
    std::vector<std::string> known;
    for (const CertificateStatus& status : serving_->statuses) {
        if (status.expires < tomorrow) {
            known.push_back(identity_of(status));
        }
    }
    return known;
}

// Of those that serve. REQUIRES: they have a memory.
tls::Material Certificates::material() const {
    return tls::decode_material(read_whole(serving_->memory.get(), "the certificates"));
}

UniqueFd Certificates::memory() const {
    return prepared_ && prepared_->memory ? duplicate(prepared_->memory.get()) : UniqueFd();
}

void Certificates::commit() {
    if (prepared_) {
        serving_ = std::exchange(prepared_, std::nullopt);
        tickets_ = serving_->tickets;
        tell_of(serving_->warnings);
        warn_of_expiry();
    }
}

UniqueFd Certificates::renew() {
    if (!serving_ || !serving_->memory) {
        return {};
    }
    Certification read = read_certification(serving_->listen);
    if (read.endpoints == material().endpoints) {
        return {};
    }
    refuse_untimely(read.statuses, known());
    std::vector<tls::TicketKey> tickets = tickets_;
    if (scopes_of(read) != serving_->scopes) {
        tickets = fresh_tickets();
    }
    Set set = make_set(serving_->listen, std::move(read), std::move(tickets));
    tell_of_renewed(set.statuses, serving_->statuses);
    tell_of(set.warnings);
    return serve(std::move(set));
}

UniqueFd Certificates::turn_tickets() noexcept {
    if (!serving_ || !serving_->memory) {
        return {};
    }
    try {
        tls::Material changed = material();
        tls::turn(changed.tickets);
        Set set{.listen = serving_->listen,
                .statuses = serving_->statuses,
                .scopes = serving_->scopes,
                .warnings = serving_->warnings,
                .tickets = changed.tickets,
                .memory = make_sealed_memory("geventd-tls", tls::encode(changed))};
        turned_ = std::chrono::system_clock::now();
        return serve(std::move(set));
    } catch (const std::exception& error) {
        log::error("the former keys of session tickets stay: {}", error.what());
        return {};
    }
}

UniqueFd Certificates::serve(Set set) {
    UniqueFd copy = duplicate(set.memory.get());
    serving_ = std::move(set);
    tickets_ = serving_->tickets;
    return copy;
}

void Certificates::warn_of_expiry() const {
    const auto now = std::chrono::system_clock::now();
    for (const CertificateStatus& status : status()) {
        if (status.expires <= now) {
            log::warning("{} has expired on {}", status.file, day_of(status.expires));
        } else if (status.expires - now < kSoon) {
            log::warning(
                "{} expires on {}, in {} days", status.file, day_of(status.expires),
                std::chrono::duration_cast<std::chrono::hours>(status.expires - now).count() / 24);
        }
    }
}

Certificates::Heritage Certificates::hand_over() const {
    std::string keys;
    for (const char byte : tls::encode({.endpoints = {}, .tickets = tickets_})) {
        keys += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    return {.tickets = std::move(keys),
            .turned = std::chrono::system_clock::to_time_t(turned_),
            .certificates = fmt::format("{}", fmt::join(known(), "\t"))};
}

void Certificates::take_over(const Heritage& heritage) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c >= 'a' ? c - 'a' + 10 : c - '0');
    };
    const std::string& keys = heritage.tickets;
    std::string bytes;
    for (std::size_t i = 0; i + 1 < keys.size(); i += 2) {
        bytes += static_cast<char>(digit(keys[i]) << 4 | digit(keys[i + 1]));
    }
    try {
        tickets_ = tls::decode_material(bytes).tickets;
    } catch (const std::exception& error) {
        log::debug("clients of the former master begin new sessions: {}", error.what());
    }
    turned_ = std::chrono::system_clock::from_time_t(heritage.turned);
    std::istringstream lines(heritage.certificates);
    for (std::string line; std::getline(lines, line, '\t');) {
        inherited_.push_back(std::move(line));
    }
}

std::vector<std::string> Certificates::files() const {
    return serving_ ? certification_files(serving_->listen) : std::vector<std::string>();
}

}  // namespace geventd::master
