// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace geventd::http {

/// How much a client wants a coding by its Accept-Encoding, in thousandths: 0 is not at all
/// (RFC 9110 12.5.3). `coding` is in lower case; "identity" that is not named is wanted least of
/// all, as any other coding that is named was asked for.
int quality_of(std::string_view accept_encoding, std::string_view coding);

}  // namespace geventd::http
