// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tls/certificate.h"
#include "tls/material.h"
#include "tls/openssl.h"

namespace geventd::tls {

/// A pair as OpenSSL's objects.
struct Identity {
    X509Ptr certificate;  ///< the server's own
    ChainPtr others;      ///< those between it and the root
    KeyPtr key;

    /// Throws std::runtime_error as examine() does.
    static Identity parse(const Pair& pair);

    /// For which hosts it is, in lower case. The common name counts only without other names.
    [[nodiscard]] std::vector<std::string> names() const;
};

/// The certificates of a PEM text, none or more. Throws std::runtime_error for a broken one.
std::vector<X509Ptr> parse_certificates(std::string_view pem);

}  // namespace geventd::tls
