// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/head_parser.h"

namespace geventd::uwsgi {

/// modifier1: the kinds of packets that geventd knows.
enum Modifier : std::uint8_t {
    kRequest = 0,          ///< vars, then the body
    kManagePathInfo = 30,  ///< a request whose PATH_INFO still begins with SCRIPT_NAME
    kPing = 100,
    kSignal = 110,  ///< modifier2 is the signal's number
    kResponse = 255
};

constexpr bool is_request(std::uint8_t modifier1) {
    return modifier1 == kRequest || modifier1 == kManagePathInfo;
}

struct PacketHeader {
    std::uint8_t modifier1 = 0;
    std::uint16_t size = 0;  ///< of the block that follows; a request's body comes after it
    std::uint8_t modifier2 = 0;

    bool operator==(const PacketHeader&) const = default;
};

inline constexpr std::size_t kHeaderSize = 4;

/// REQUIRES: at least kHeaderSize bytes.
PacketHeader parse_header(std::string_view bytes);

/// Bounds of a packet; both refuse with 431.
struct PacketLimits {
    std::size_t block = 65535;
    std::size_t vars = 1000;
};

/// Waits until a packet's header and block have arrived. Refuses what cannot become a request: a
/// block over the limit, an empty request, and the first bytes of another protocol (HTTP, TLS).
/// Pure: bytes in, positions out.
class PacketScanner {
  public:
    enum class State { Incomplete, Complete, Rejected };

    /// `bytes` is all that was received of this packet so far.
    State scan(std::string_view bytes, const PacketLimits& limits);

    /// Valid once kHeaderSize bytes were scanned and accepted.
    [[nodiscard]] const PacketHeader& header() const { return header_; }

    /// The length of header and block, after which a request's body begins.
    [[nodiscard]] std::size_t length() const { return kHeaderSize + header_.size; }

    [[nodiscard]] const http::Rejection& rejection() const { return rejection_; }

  private:
    State reject(int status, std::string_view reason);

    PacketHeader header_;
    http::Rejection rejection_;
};

/// A request variable; both views point into the packet.
struct Var {
    std::string_view key;
    std::string_view value;
};

/// Splits the block of a request packet into `vars`, which is cleared and reused. Keys must be
/// non-empty and free of control characters; values may hold any byte. The order is kept.
http::Rejection decode_vars(std::string_view block, const PacketLimits& limits,
                            std::vector<Var>& vars);

/// Appends a packet with the given block. REQUIRES: the block is at most 65535 bytes.
void append_packet(std::string& out, std::uint8_t modifier1, std::uint8_t modifier2,
                   std::string_view block = {});

}  // namespace geventd::uwsgi
