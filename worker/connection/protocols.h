// SPDX-License-Identifier: MIT
#pragma once

#include "net/address.h"
#include "worker/connection/protocol.h"

namespace geventd::worker {

/// The protocol that clients of a listening address speak.
const Protocol& protocol_of(const net::Address& address);

}  // namespace geventd::worker
