// SPDX-License-Identifier: MIT
//
//   packet  = modifier1 (1 byte), size of the block (2, little endian), modifier2 (1), block
//   request = block of *( key length (2, little endian), key, value length (2), value )
#include "uwsgi/packet.h"

#include <algorithm>
#include <cassert>

#include "http/octets.h"

namespace geventd::uwsgi {

namespace {

using http::Rejection;

[[maybe_unused]] constexpr std::size_t kMaxSize = 65535;

std::size_t read_size(std::string_view bytes) {
    const auto low = static_cast<unsigned char>(bytes[0]);
    const auto high = static_cast<unsigned char>(bytes[1]);
    return static_cast<std::size_t>(low) | static_cast<std::size_t>(high) << 8U;
}

void append_size(std::string& out, std::size_t size) {
    assert(size <= kMaxSize);
    out.push_back(static_cast<char>(size & 0xffU));
    out.push_back(static_cast<char>(size >> 8U & 0xffU));
}

bool is_upper(char byte) {
    return byte >= 'A' && byte <= 'Z';
}

/// "GET ", "POST", "M-SEA"...: no modifier that geventd knows is a capital letter.
bool looks_like_http(std::string_view bytes) {
    return is_upper(bytes[0]) &&
           std::all_of(bytes.begin() + 1, bytes.begin() + 3,
                       [](char byte) { return is_upper(byte) || byte == '-'; }) &&
           (is_upper(bytes[3]) || bytes[3] == ' ' || bytes[3] == '-');
}

bool looks_like_tls(std::string_view bytes) {
    return bytes[0] == '\x16' && bytes[1] == '\x03' && bytes[2] <= '\x04';
}

/// Removes a length and that many bytes from the front; false when the block is too short.
bool take_string(std::string_view& block, std::string_view& text) {
    if (block.size() < 2) {
        return false;
    }
    const std::size_t size = read_size(block);
    if (block.size() - 2 < size) {
        return false;
    }
    text = block.substr(2, size);
    block.remove_prefix(2 + size);
    return true;
}

}  // namespace

PacketHeader parse_header(std::string_view bytes) {
    return {static_cast<std::uint8_t>(bytes[0]),
            static_cast<std::uint16_t>(read_size(bytes.substr(1))),
            static_cast<std::uint8_t>(bytes[3])};
}

PacketScanner::State PacketScanner::reject(int status, std::string_view reason) {
    rejection_ = {status, reason};
    return State::Rejected;
}

PacketScanner::State PacketScanner::scan(std::string_view bytes, const PacketLimits& limits) {
    if (rejection_.status != 0) {
        return State::Rejected;
    }
    if (bytes.size() < kHeaderSize) {
        return State::Incomplete;
    }
    if (looks_like_http(bytes)) {
        return reject(400, "this is a uwsgi socket, an HTTP request was sent to it");
    }
    header_ = parse_header(bytes);
    if (looks_like_tls(bytes)) {
        return reject(400, "this is a uwsgi socket, a TLS handshake was sent to it");
    }
    if (header_.size > limits.block) {
        return reject(431, "uwsgi packet too large");
    }
    if (header_.size == 0 && is_request(header_.modifier1)) {
        return reject(400, "uwsgi request without variables");
    }
    return bytes.size() < length() ? State::Incomplete : State::Complete;
}

Rejection decode_vars(std::string_view block, const PacketLimits& limits, std::vector<Var>& vars) {
    vars.clear();
    while (!block.empty()) {
        Var var;
        if (!take_string(block, var.key)) {
            return {400, "a uwsgi key runs past the packet"};
        }
        if (var.key.empty()) {
            return {400, "empty uwsgi key"};
        }
        if (std::any_of(var.key.begin(), var.key.end(),
                        [](char byte) { return http::is(http::kControl, byte); })) {
            return {400, "control character in a uwsgi key"};
        }
        if (!take_string(block, var.value)) {
            return {400, "a uwsgi value runs past the packet"};
        }
        if (vars.size() == limits.vars) {
            return {431, "too many uwsgi variables"};
        }
        vars.push_back(var);
    }
    return {};
}

void append_packet(std::string& out, std::uint8_t modifier1, std::uint8_t modifier2,
                   std::string_view block) {
    out.push_back(static_cast<char>(modifier1));
    append_size(out, block.size());
    out.push_back(static_cast<char>(modifier2));
    out.append(block);
}

}  // namespace geventd::uwsgi
