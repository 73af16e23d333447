// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tls/material.h"

namespace geventd::tls {

/// Whether this geventd was built with TLS. Without it the functions of this module throw.
[[nodiscard]] bool is_available();

/// What people want to know of a certificate.
struct Facts {
    std::vector<std::string> names;  ///< for which hosts it is, in lower case, as "*.example.com"
    std::string subject;             ///< RFC 2253
    std::string issuer;              ///< RFC 2253
    std::string key_kind;            ///< "RSA", "EC", ...
    std::chrono::system_clock::time_point not_before;
    std::chrono::system_clock::time_point expires;
};

/// Reads the server's own certificate of a pair. Throws std::runtime_error with what is wrong: no
/// certificate, no key, or a key of another certificate.
Facts examine(const Pair& pair);

/// Throws std::runtime_error when there is no certificate in the text, which is PEM.
void examine_authorities(std::string_view pem);

/// The same key, PEM, without its passphrase. `passphrase` is not needed for one without. Throws
/// std::runtime_error when it is the wrong one.
Secret unlock(std::string_view key, std::string_view passphrase);

}  // namespace geventd::tls
