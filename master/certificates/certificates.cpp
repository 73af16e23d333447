// SPDX-License-Identifier: MIT
#include "master/certificates/certificates.h"

#include <chrono>
#include <exception>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "base/sealed_memory.h"
#include "log/logger.h"
#include "tls/ticket_keys.h"

namespace geventd::master {

namespace {

constexpr auto kSoon = std::chrono::hours(14 * 24);

std::string join(const std::vector<std::string>& texts) {
    std::string joined;
    for (const std::string& text : texts) {
        joined += (joined.empty() ? "" : ", ") + text;
    }
    return joined;
}

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

void tell_of_renewed(const Certification& read, const Certification& former) {
    for (std::size_t i = 0; i < read.statuses.size() && i < former.statuses.size(); ++i) {
        const CertificateStatus& status = read.statuses[i];
        if (status != former.statuses[i]) {
            log::info("{} has changed: {} is valid until {} and used from now on", status.file,
                      join(status.names), day_of(status.expires));
        }
    }
}

}  // namespace

void Certificates::prepare(const config::Settings& settings) {
    Set set{.listen = settings.listen, .read = read_certification(settings.listen)};
    refuse_expired(set.read, serving_ ? serving_->read : Certification());
    if (tickets_.empty() || (serving_ && scopes_of(set.read) != scopes_of(serving_->read))) {
        set.material.tickets.push_back(tls::make_ticket_key());
    } else {
        set.material.tickets = tickets_;
    }
    set.material.edition = ++edition_;
    seal(set);
    prepared_ = std::move(set);
}

void Certificates::seal(Set& set) const {
    set.material.endpoints = set.read.endpoints;
    if (set.material.is_needed()) {
        set.memory = make_sealed_memory("geventd-tls", tls::encode(set.material));
    }
}

UniqueFd Certificates::memory() const {
    return prepared_ && prepared_->memory ? duplicate(prepared_->memory.get()) : UniqueFd();
}

void Certificates::commit() {
    if (prepared_) {
        serving_ = std::exchange(prepared_, std::nullopt);
        tickets_ = serving_->material.tickets;
        warn_of_expiry();
    }
}

UniqueFd Certificates::renew() noexcept {
    if (!serving_ || !serving_->memory) {
        return {};
    }
    try {
        Certification read = read_certification(serving_->listen);
        if (read.endpoints == serving_->read.endpoints) {
            return {};
        }
        refuse_expired(read, serving_->read);
        std::vector<tls::TicketKey> tickets = tickets_;
        if (scopes_of(read) != scopes_of(serving_->read)) {
            tickets = {tls::make_ticket_key()};
        }
        tell_of_renewed(read, serving_->read);
        return replace(std::move(read), std::move(tickets), ++edition_);
    } catch (const std::exception& error) {
        log::error("changed certificates cannot be used, the former ones stay: {}", error.what());
        return {};
    }
}

UniqueFd Certificates::turn_tickets() noexcept {
    if (!serving_ || !serving_->memory) {
        return {};
    }
    try {
        std::vector<tls::TicketKey> tickets = tickets_;
        tls::turn(tickets);
        return replace(serving_->read, std::move(tickets), serving_->material.edition);
    } catch (const std::exception& error) {
        log::error("the former keys of session tickets stay: {}", error.what());
        return {};
    }
}

UniqueFd Certificates::replace(Certification read, std::vector<tls::TicketKey> tickets,
                               std::uint32_t edition) {
    Set set{.listen = serving_->listen, .read = std::move(read)};
    set.material.tickets = std::move(tickets);
    set.material.edition = edition;
    seal(set);
    UniqueFd copy = duplicate(set.memory.get());
    serving_ = std::move(set);
    tickets_ = serving_->material.tickets;
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

std::string Certificates::save_tickets() const {
    std::string text;
    for (const char byte : tls::encode({.endpoints = {}, .tickets = tickets_})) {
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    return text;
}

void Certificates::restore_tickets(const std::string& text) {
    const auto digit = [](char c) {
        return static_cast<unsigned>(c >= 'a' ? c - 'a' + 10 : c - '0');
    };
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
    }
    try {
        tickets_ = tls::decode_material(bytes).tickets;
    } catch (const std::exception& error) {
        log::debug("clients of the former master begin new sessions: {}", error.what());
    }
}

std::vector<std::string> Certificates::files() const {
    return serving_ ? certification_files(serving_->listen) : std::vector<std::string>();
}

}  // namespace geventd::master
