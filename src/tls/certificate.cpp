// SPDX-License-Identifier: MIT
#include "tls/certificate.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "tls/identity.h"

namespace geventd::tls {

namespace {

// "Without an end" is the year 9999 (RFC 5280 4.1.2.5), which the clock does not reach.
constexpr std::time_t kLatest =
    std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::duration::max())
        .count();

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    std::tm utc{};
    if (ASN1_TIME_to_tm(time, &utc) != 1) {
        ERR_clear_error();
        return {};
    }
    return std::chrono::system_clock::from_time_t(std::min(::timegm(&utc), kLatest));
}

std::string kind_of(const EVP_PKEY* key) {
    const char* name = EVP_PKEY_get0_type_name(key);
    return name == nullptr ? "" : name;
}

// `data` is the passphrase.
int give_passphrase(char* into, int room, int, void* data) {
    const auto& passphrase = *static_cast<const std::string_view*>(data);
    if (passphrase.size() > static_cast<std::size_t>(room)) {
        return 0;
    }
    std::memcpy(into, passphrase.data(), passphrase.size());
    return static_cast<int>(passphrase.size());
}

}  // namespace

bool is_available() {
    return true;
}

Facts examine(const Pair& pair) {
    const Identity identity = Identity::parse(pair);
    X509* certificate = identity.certificate.get();
    return {.names = identity.names(),
            .subject = text_of(X509_get_subject_name(certificate)),
            .issuer = text_of(X509_get_issuer_name(certificate)),
            .key_kind = kind_of(identity.key.get()),
            .not_before = time_of(X509_get0_notBefore(certificate)),
            .expires = time_of(X509_get0_notAfter(certificate))};
}

void examine_authorities(std::string_view pem) {
    if (parse_certificates(pem).empty()) {
        throw std::runtime_error("holds no certificate, expected a PEM file");
    }
}

Secret unlock(std::string_view key, std::string_view passphrase) {
    ERR_clear_error();
    const BioPtr in = reader_of(key);
    const KeyPtr opened(PEM_read_bio_PrivateKey(in.get(), nullptr, &give_passphrase, &passphrase));
    if (!opened) {
        ERR_clear_error();
        throw std::runtime_error(
            "cannot be opened: it is no private key, or the passphrase is "
            "another");
    }
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio_PrivateKey(out.get(), opened.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr) != 1) {
        throw std::runtime_error(take_reason());
    }
    return Secret(bytes_of(out.get()));
}

}  // namespace geventd::tls
