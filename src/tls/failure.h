// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace geventd::tls {

/// Why a handshake has failed.
enum class Failure : std::uint8_t {
    Certificate,  ///< one side has not accepted that of the other
    Agreement,    ///< no version of TLS, cipher or protocol is common to both
    Protocol,     ///< the client does not speak TLS as it should
    Left,         ///< the client has left, or did not go on
};

/// `code`: OpenSSL's, from its queue of errors; 0: there was none.
// NOLINTNEXTLINE(google-runtime-int): OpenSSL's interface
Failure failure_of(unsigned long code);

}  // namespace geventd::tls
