// SPDX-License-Identifier: MIT
#include "master/certificates/certificate_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <stdexcept>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "master/certificates/secret_file.h"
#include "tls/certificate.h"
#include "tls/server.h"
#include "tls/staple.h"
#include "tls/ticket_keys.h"

namespace geventd::master {

namespace {

/// Adds to a failure in `read` where in the configuration it comes from.
template <typename Read>
auto reading(const std::string& key, Read read) {
    try {
        return read();
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(fmt::format("{}: {}", key, error.what()));
    }
}

/// Adds to a failure in `read` which file it is about.
template <typename Read>
auto examining(const std::string& path, Read read) {
    try {
        return read();
    } catch (const std::runtime_error& error) {
        throw std::runtime_error(fmt::format("{} {}", path, error.what()));
    }
}

bool exists(const std::string& path) {
    struct stat status {};

    return ::stat(path.c_str(), &status) == 0;
}

std::string_view first_line(std::string_view text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

const std::string& key_path(const config::Certificate& files) {
    return files.key.empty() ? files.certificate : files.key;
}

tls::Pair read_pair(const config::Certificate& files, const std::string& place) {
    tls::Pair pair{.name = files.certificate};
    pair.chain = reading(place + ".certificate", [&] { return read_secret(files.certificate); });
    pair.key = reading(place + ".key", [&] { return read_secret(key_path(files)); });
    if (!files.passphrase_file.empty()) {
        const Secret word =
            reading(place + ".passphrase-file", [&] { return read_secret(files.passphrase_file); });
        pair.key = reading(place + ".key", [&] {
            return examining(key_path(files),
                             [&] { return tls::unlock(pair.key, first_line(word)); });
        });
    }
    return pair;
}

// Clients would refuse a bad response, and do without one.
void read_staple(tls::Pair& pair, const config::Certificate& files, const std::string& place,
                 std::vector<std::string>& warnings) {
    if (files.ocsp.empty() || !exists(files.ocsp)) {
        return;
    }
    try {
        pair.ocsp = read_secret(files.ocsp);
        examining(files.ocsp, [&] { tls::examine_staple(pair); });
    } catch (const std::runtime_error& error) {
        pair.ocsp.clear();
        warnings.push_back(fmt::format("{}.ocsp: {}; clients get the certificate without it", place,
                                       error.what()));
    }
}

CertificateStatus examine(const tls::Pair& pair, const config::Certificate& files,
                          const std::string& place) {
    return reading(place, [&] {
        tls::Facts facts;
        try {
            facts = tls::examine(pair);
        } catch (const std::runtime_error& error) {
            const bool of_key =
                std::string_view(error.what()).find("private key") != std::string_view::npos;
            throw std::runtime_error(
                fmt::format("{} {}", of_key ? key_path(files) : files.certificate, error.what()));
        }
        return CertificateStatus{.place = place,
                                 .file = files.certificate,
                                 .names = std::move(facts.names),
                                 .issuer = std::move(facts.issuer),
                                 .key_kind = std::move(facts.key_kind),
                                 .begins = facts.not_before,
                                 .expires = facts.expires};
    });
}

[[noreturn]] void refuse(const CertificateStatus& status, std::string_view fault,
                         std::chrono::system_clock::time_point moment) {
    throw std::runtime_error(
        fmt::format("{}: {} {} {:%Y-%m-%d %H:%M:%S} UTC", status.place, status.file, fault,
                    fmt::gmtime(std::chrono::system_clock::to_time_t(moment))));
}

// Sessions of clients that were asked for certificates are not resumed where others are asked for.
std::string scope_of(const config::Listen& listen, const tls::Endpoint& endpoint) {
    return endpoint.clients == tls::ClientCertificates::None
               ? std::string("nobody is asked")
               : fmt::format("{} {} {}", net::format_address(listen.address),
                             static_cast<int>(endpoint.clients), endpoint.client_ca);
}

tls::Endpoint read_endpoint(const config::Listen& listen, const std::string& place,
                            Certification& read) {
    const config::ListenTls& wanted = listen.tls;
    tls::Endpoint endpoint;
    for (std::size_t i = 0; i < wanted.certificates.size(); ++i) {
        const std::string entry = fmt::format("{}.certificates[{}]", place, i);
        endpoint.pairs.push_back(read_pair(wanted.certificates[i], entry));
        read.statuses.push_back(examine(endpoint.pairs.back(), wanted.certificates[i], entry));
        read.statuses.back().address = net::format_address(listen.address);
        read_staple(endpoint.pairs.back(), wanted.certificates[i], entry, read.warnings);
    }
    endpoint.clients = static_cast<tls::ClientCertificates>(wanted.clients);
    if (!wanted.client_ca.empty()) {
        endpoint.client_ca = reading(place + ".client-ca", [&] {
            std::string authorities(read_secret(wanted.client_ca));
            tls::examine_authorities(authorities);
            return authorities;
        });
    }
    endpoint.ciphers = wanted.ciphers;
    endpoint.only_newest = wanted.oldest == config::OldestTls::Tls13;
    endpoint.session_scope = scope_of(listen, endpoint);
    // What OpenSSL refuses, as keys that are too short, the workers would refuse.
    reading(place, [&] { tls::make_server(endpoint, {tls::make_ticket_key()}); });
    return endpoint;
}

}  // namespace

Certification read_certification(const std::vector<config::Listen>& listen) {
    Certification read;
    for (std::size_t i = 0; i < listen.size(); ++i) {
        tls::Endpoint& endpoint = read.endpoints.emplace_back();
        if (listen[i].address.tls) {
            endpoint = read_endpoint(listen[i], fmt::format("listen[{}]", i), read);
        }
    }
    return read;
}

std::string identity_of(const CertificateStatus& status) {
    return fmt::format("{} {} {} {}", status.file, fmt::join(status.names, " "), status.issuer,
                       std::chrono::system_clock::to_time_t(status.expires));
}

void refuse_untimely(const std::vector<CertificateStatus>& wanted,
                     const std::vector<std::string>& known) {
    const auto now = std::chrono::system_clock::now();
    for (const CertificateStatus& status : wanted) {
        if (status.begins > now) {
            refuse(status, "is not valid before", status.begins);
        }
        if (status.expires <= now &&
            std::find(known.begin(), known.end(), identity_of(status)) == known.end()) {
            refuse(status, "has expired at", status.expires);
        }
    }
}

std::vector<std::string> certification_files(const std::vector<config::Listen>& listen) {
    std::vector<std::string> files;
    for (const config::Listen& entry : listen) {
        for (const config::Certificate& certificate : entry.tls.certificates) {
            files.insert(files.end(), {certificate.certificate, certificate.key,
                                       certificate.passphrase_file, certificate.ocsp});
        }
        files.push_back(entry.tls.client_ca);
    }
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    std::erase(files, "");
    return files;
}

}  // namespace geventd::master
