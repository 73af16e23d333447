// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace geventd::tls {

/// Frees an object of OpenSSL by the function that is for it.
template <auto kFree>
struct Freer {
    template <typename T>
    void operator()(T* object) const noexcept {
        kFree(object);
    }
};

/// Frees bytes that OpenSSL has allocated.
struct OpensslFreer {
    void operator()(void* bytes) const noexcept { OPENSSL_free(bytes); }
};

struct ChainFreer {
    void operator()(STACK_OF(X509) * chain) const noexcept { sk_X509_pop_free(chain, X509_free); }
};

using BioPtr = std::unique_ptr<BIO, Freer<BIO_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), ChainFreer>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;

/// The reason that OpenSSL gave last, in its words; forgets it.
std::string take_reason();

/// A BIO that reads this text, which it does not copy. All use of OpenSSL begins with one. Throws
/// std::bad_alloc.
BioPtr reader_of(std::string_view text);

/// All that a memory BIO holds, until it changes. It overwrites what it frees.
std::string_view bytes_of(BIO* memory);

/// A copy of it.
std::string text_of(BIO* memory);

/// "CN=example.com,O=Example" (RFC 2253).
std::string text_of(const X509_NAME* name);

}  // namespace geventd::tls
