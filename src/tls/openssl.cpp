// SPDX-License-Identifier: MIT
#include "tls/openssl.h"

#include <climits>
#include <new>

#include <openssl/err.h>

namespace geventd::tls {

std::string take_reason() {
    const auto code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == nullptr ? "OpenSSL gives no reason" : reason;
}

// An archive of OpenSSL that is part of a wheel fits no configuration of its host.
BioPtr reader_of(std::string_view text) {
#ifdef GEVENTD_BUNDLE
    static const bool kReady = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1;
    if (!kReady) {
        throw std::bad_alloc();
    }
#endif
    if (text.size() > INT_MAX) {
        throw std::bad_alloc();
    }
    BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (!bio) {
        throw std::bad_alloc();
    }
    return bio;
}

std::string_view bytes_of(BIO* memory) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(memory, &bytes);
    return size <= 0 ? std::string_view() : std::string_view(bytes, static_cast<std::size_t>(size));
}

std::string text_of(BIO* memory) {
    return std::string(bytes_of(memory));
}

std::string text_of(const X509_NAME* name) {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    if (!memory || name == nullptr ||
        X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        return {};
    }
    return text_of(memory.get());
}

}  // namespace geventd::tls
