// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace geventd::http {

/// The peers that are believed about the client: `trusted-proxies` of a listener. Entries
/// are IPv4 or IPv6 addresses, networks in CIDR form, or `unix` (every peer on a unix socket).
/// IPv4 peers on an IPv6 socket (::ffff:10.0.0.1) count as IPv4.
class TrustedProxies {
  public:
    /// Nobody is trusted.
    TrustedProxies() = default;

    /// A failure names the entry and what is wrong with it.
    static Result<TrustedProxies> parse(std::span<const std::string> entries);

    /// `address` is a literal without port and brackets; "unix" or "" means a unix peer.
    [[nodiscard]] bool contains(std::string_view address) const;

    [[nodiscard]] bool empty() const { return networks_.empty() && !unix_; }

  private:
    using Bytes = std::array<std::uint8_t, 16>;  ///< an address; IPv4 as ::ffff:a.b.c.d

    /// Network addresses by prefix length, each list sorted.
    std::map<unsigned, std::vector<Bytes>> networks_;
    bool unix_ = false;
};

}  // namespace geventd::http
