// SPDX-License-Identifier: MIT
#include "tls/ticket_keys.h"

#include <sys/random.h>

#include "base/errno_error.h"

namespace geventd::tls {

namespace {

// The one that seals, and those of two turns before it.
constexpr std::size_t kMostKeys = 3;

template <std::size_t kSize>
void fill(std::array<std::uint8_t, kSize>& bytes) {
    // Up to 256 bytes come at once, or not at all.
    if (::getrandom(bytes.data(), kSize, 0) != static_cast<ssize_t>(kSize)) {
        throw_errno("getrandom", "a key of session tickets");
    }
}

}  // namespace

TicketKey make_ticket_key() {
    TicketKey key;
    fill(key.name);
    fill(key.cipher);
    fill(key.mac);
    return key;
}

void turn(std::vector<TicketKey>& ring) {
    ring.insert(ring.begin(), make_ticket_key());
    if (ring.size() > kMostKeys) {
        ring.resize(kMostKeys);
    }
}

}  // namespace geventd::tls
