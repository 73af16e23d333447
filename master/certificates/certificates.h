// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "config/settings.h"
#include "master/certificates/certificate_files.h"
#include "tls/material.h"

namespace geventd::master {

/// The certificates of the https addresses, with their keys and those of session tickets: reads
/// them and puts them into sealed memory, from which processes have them.
///
///   prepare() ─▶ memory() for a new generation ─▶ commit() when that serves, or discard()
///
/// renew() and turn_tickets() make a new memory for the generation that serves.
/// Lives in: master, one.
class Certificates {
  public:
    /// Reads what a new generation needs. Throws std::runtime_error with what is missing or wrong,
    /// with certificates that have expired unless they serve already, and with those that are not
    /// valid yet.
    void prepare(const config::Settings& settings);

    /// A copy of the memory for the prepared generation; empty when it has no https address.
    [[nodiscard]] UniqueFd memory() const;

    /// The prepared ones serve.
    void commit();

    void discard() { prepared_.reset(); }

    /// Reads the files of those that serve again. Returns the memory for their processes, empty
    /// when nothing has changed. Throws std::exception when the new ones are broken: then the old
    /// ones stay.
    UniqueFd renew();

    /// Seals tickets with a fresh key from now on. Returns the memory, empty where none is used.
    /// REQUIRES: nothing is prepared, as that has the former keys.
    UniqueFd turn_tickets() noexcept;

    /// Since when the newest of these keys is used.
    [[nodiscard]] std::chrono::system_clock::time_point turned() const { return turned_; }

    [[nodiscard]] bool is_prepared() const { return prepared_.has_value(); }

    /// Warns of certificates that expire within 14 days.
    void warn_of_expiry() const;

    /// What another master goes on with, each in one line.
    struct Heritage {
        std::string tickets;       ///< their keys
        std::int64_t turned = 0;   ///< since when the newest is used, in seconds since 1970
        std::string certificates;  ///< which ones serve, and may expire in the meantime
    };

    [[nodiscard]] Heritage hand_over() const;

    /// Before prepare(). What cannot be read is ignored.
    void take_over(const Heritage& heritage);

    /// The files of those that serve.
    [[nodiscard]] std::vector<std::string> files() const;

    [[nodiscard]] std::vector<CertificateStatus> status() const {
        return serving_ ? serving_->statuses : std::vector<CertificateStatus>();
    }

  private:
    /// What was read, but for the private keys: those are in the memory only.
    struct Set {
        std::vector<config::Listen> listen;
        std::vector<CertificateStatus> statuses;
        std::vector<std::string> scopes;  ///< of sessions that end when clients are asked anew
        std::vector<std::string> warnings;
        std::vector<tls::TicketKey> tickets;
        UniqueFd memory;  ///< of the material; empty: there is no https address
    };

    Set make_set(std::vector<config::Listen> listen, Certification read,
                 std::vector<tls::TicketKey> tickets);
    std::vector<tls::TicketKey> fresh_tickets();
    [[nodiscard]] tls::Material material() const;
    [[nodiscard]] std::vector<std::string> known() const;
    UniqueFd serve(Set set);

    std::uint32_t edition_ = 0;  ///< of the newest material
    std::vector<tls::TicketKey> tickets_;
    std::chrono::system_clock::time_point turned_;
    std::vector<std::string> inherited_;  ///< identities of those that the former master uses
    std::optional<Set> prepared_;
    std::optional<Set> serving_;
};

}  // namespace geventd::master
