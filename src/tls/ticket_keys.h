// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "tls/material.h"

namespace geventd::tls {

/// A key of random bytes. Throws ErrnoError.
TicketKey make_ticket_key();

/// Puts a fresh key before the others and drops those that are too old to open a ticket whose
/// session is still valid. Throws ErrnoError.
void turn(std::vector<TicketKey>& ring);

}  // namespace geventd::tls
