// SPDX-License-Identifier: MIT
#include "tls/identity.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace geventd::tls {

namespace {

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::string bytes_of(const ASN1_STRING* text) {
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
    return {bytes, static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    return ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) == nullptr
               ? ""
               : text.data();
}

std::string common_name(X509* certificate) {
    X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    return at < 0 ? "" : bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::vector<std::string> alternative_names(X509* certificate) {
    std::vector<std::string> names;
    const std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>> all(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
        if (name->type == GEN_DNS) {
            names.push_back(lower_case(bytes_of(name->d.dNSName)));
        } else if (name->type == GEN_IPADD) {
            names.push_back(address_text(name->d.iPAddress));
        }
    }
    return names;
}

// Never asks at the terminal.
int give_nothing(char*, int, int, void*) {
    return 0;
}

KeyPtr parse_key(const Pair& pair) {
    ERR_clear_error();
    const BioPtr in = reader_of(pair.key);
    KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, &give_nothing, nullptr));
    if (!key) {
        ERR_clear_error();
        throw std::runtime_error(pair.key.find("ENCRYPTED") == Secret::npos
                                     ? "holds no private key, expected a PEM file"
                                     : "is a private key with a passphrase, expected "
                                       "passphrase-file beside it");
    }
    return key;
}

[[noreturn]] void refuse_order(const EVP_PKEY* key, const std::vector<X509Ptr>& all) {
    ERR_clear_error();
    const bool is_behind = std::any_of(all.begin() + 1, all.end(), [&](const X509Ptr& other) {
        return EVP_PKEY_eq(X509_get0_pubkey(other.get()), key) == 1;
    });
    throw std::runtime_error(
        is_behind ? "begins with another certificate, expected the server's own before its chain"
                  : "is no certificate of this key");
}

}  // namespace

std::vector<X509Ptr> parse_certificates(std::string_view pem) {
    ERR_clear_error();
    const BioPtr in = reader_of(pem);
    std::vector<X509Ptr> found;
    for (;;) {
        X509Ptr certificate(PEM_read_bio_X509(in.get(), nullptr, &give_nothing, nullptr));
        if (!certificate) {
            break;
        }
        found.push_back(std::move(certificate));
    }
    const auto code = ERR_peek_last_error();
    const bool at_end =
        ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (!at_end) {
        throw std::runtime_error(fmt::format("holds a broken certificate: {}", take_reason()));
    }
    ERR_clear_error();
    return found;
}

Identity Identity::parse(const Pair& pair) {
    std::vector<X509Ptr> all = parse_certificates(pair.chain);
    if (all.empty()) {
        throw std::runtime_error("holds no certificate, expected a PEM file");
    }
    Identity identity;
    identity.key = parse_key(pair);
    if (X509_check_private_key(all.front().get(), identity.key.get()) != 1) {
        refuse_order(identity.key.get(), all);
    }
    identity.certificate = std::move(all.front());
    identity.others.reset(sk_X509_new_null());
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (!identity.others || sk_X509_push(identity.others.get(), all[i].get()) == 0) {
            throw std::bad_alloc();
        }
        static_cast<void>(all[i].release());
    }
    return identity;
}

std::vector<std::string> Identity::names() const {
    std::vector<std::string> names = alternative_names(certificate.get());
    if (names.empty()) {
        names.push_back(lower_case(common_name(certificate.get())));
    }
    std::erase(names, "");
    return names;
}

}  // namespace geventd::tls
