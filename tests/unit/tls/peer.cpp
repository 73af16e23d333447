// SPDX-License-Identifier: MIT
#include "peer.h"

#include <sys/socket.h>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/identity.h"

namespace geventd::tls {

Pair make_pair_for(const std::vector<std::string>& names, const char* kind,
                   const Validity& validity) {
    const bool is_ec = std::string_view(kind) == "EC";
    const KeyPtr key(is_ec ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
    const X509Ptr certificate(X509_new());
    X509* x509 = certificate.get();
    X509_set_version(x509, X509_VERSION_3);
    static int made = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++made);
    X509_gmtime_adj(X509_getm_notBefore(x509), validity.from);
    X509_gmtime_adj(X509_getm_notAfter(x509), validity.until);
    X509_set_pubkey(x509, key.get());
    X509_NAME* name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(names.at(0).c_str()), -1, -1,
                               0);
    X509_set_issuer_name(x509, name);
    std::string list;
    for (const std::string& host : names) {
        list += (list.empty() ? "DNS:" : ",DNS:") + host;
    }
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, list.c_str());
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    EXPECT_GT(X509_sign(x509, key.get(), EVP_sha256()), 0);
    const BioPtr chain(BIO_new(BIO_s_mem()));
    const BioPtr secret(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(chain.get(), x509);
    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {.name = names.at(0),
            .chain = Secret(bytes_of(chain.get())),
            .key = Secret(bytes_of(secret.get())),
            .ocsp = ""};
}

Peer::Peer(UniqueFd& server, const char* host, SSL_SESSION* session)
    : context_(SSL_CTX_new(TLS_client_method())) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    fd_ = UniqueFd::adopt(ends[0]);
    server = UniqueFd::adopt(ends[1]);
    ssl_.reset(SSL_new(context_.get()));
    // OpenSSL's macro for this casts as C does.
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host));  // NOLINT: OpenSSL copies it
    SSL_set_fd(ssl_.get(), fd_.get());
    SSL_set_connect_state(ssl_.get());
    if (session != nullptr) {
        SSL_set_session(ssl_.get(), session);
    }
}

void Peer::show(const Pair& pair) {
    const Identity identity = Identity::parse(pair);
    EXPECT_EQ(SSL_use_cert_and_key(ssl_.get(), identity.certificate.get(), identity.key.get(),
                                   nullptr, 1),
              1);
}

bool Peer::shake_hands() {
    ERR_clear_error();
    return SSL_do_handshake(ssl_.get()) == 1;
}

void Peer::send(std::string_view bytes) {
    EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
}

std::string Peer::receive(std::size_t most) {
    std::string bytes(most, '\0');
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(most));
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
}

}  // namespace geventd::tls
