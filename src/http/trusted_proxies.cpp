// SPDX-License-Identifier: MIT
#include "http/trusted_proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "http/octets.h"

namespace geventd::http {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96

struct Literal {
    Bytes bytes{};
    bool v4 = false;
};

std::optional<Literal> parse_literal(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> copy{};
    if (text.size() >= copy.size()) {
        return std::nullopt;
    }
    std::copy(text.begin(), text.end(), copy.begin());
    Literal literal;
    if (::inet_pton(AF_INET, copy.data(), literal.bytes.data() + 12) == 1) {
        literal.bytes[10] = literal.bytes[11] = 0xff;
        literal.v4 = true;
        return literal;
    }
    if (::inet_pton(AF_INET6, copy.data(), literal.bytes.data()) == 1) {
        return literal;
    }
    return std::nullopt;
}

std::optional<unsigned> parse_bits(std::string_view text, unsigned max) {
    if (text.empty() || text.size() > 3 || !all(kDigit, text)) {
        return std::nullopt;
    }
    unsigned bits = 0;
    for (const char byte : text) {
        bits = bits * 10 + static_cast<unsigned>(byte - '0');
    }
    return bits <= max ? std::optional(bits) : std::nullopt;
}

/// The address with all but the first `bits` bits cleared.
Bytes network_of(Bytes bytes, unsigned bits) {
    const std::size_t whole = bits / 8;
    if (whole < bytes.size()) {
        bytes[whole] &= static_cast<std::uint8_t>(~(0xffU >> bits % 8));
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(whole) + 1, bytes.end(), 0);
    }
    return bytes;
}

}  // namespace

Result<TrustedProxies> TrustedProxies::parse(std::span<const std::string> entries) {
    TrustedProxies proxies;
    for (const std::string& entry : entries) {
        if (entry == "unix") {
            proxies.unix_ = true;
            continue;
        }
        const std::string_view text = entry;
        const std::size_t slash = text.find('/');
        const auto literal = parse_literal(text.substr(0, slash));
        if (!literal) {
            return failure(fmt::format(
                "'{}' is neither an IP address, a network such as 10.0.0.0/8, nor unix", entry));
        }
        const unsigned base = literal->v4 ? kMappedBits : 0;
        const auto bits = slash == std::string_view::npos
                              ? std::optional(128U - base)
                              : parse_bits(text.substr(slash + 1), 128U - base);
        if (!bits) {
            return failure(fmt::format("'{}': the prefix length is a number from 0 to {}", entry,
                                       128U - base));
        }
        if (network_of(literal->bytes, base + *bits) != literal->bytes) {
            return failure(fmt::format("'{}': the address has bits set after the prefix", entry));
        }
        proxies.networks_[base + *bits].push_back(literal->bytes);
    }
    for (auto& [bits, addresses] : proxies.networks_) {
        std::sort(addresses.begin(), addresses.end());
    }
    return proxies;
}

bool TrustedProxies::contains(std::string_view address) const {
    if (address.empty() || address == "unix") {
        return unix_;
    }
    const auto literal = parse_literal(address);
    return literal && std::any_of(networks_.begin(), networks_.end(), [&](const auto& networks) {
               const auto& [bits, addresses] = networks;
               return std::binary_search(addresses.begin(), addresses.end(),
                                         network_of(literal->bytes, bits));
           });
}

}  // namespace geventd::http
