// SPDX-License-Identifier: MIT
#pragma once

#include "tls/material.h"

namespace geventd::tls {

/// Throws std::runtime_error when clients would refuse the pair's OCSP response: what is wrong with
/// it. Whether it tells of a revoked certificate is the clients' business.
void examine_staple(const Pair& pair);

}  // namespace geventd::tls
