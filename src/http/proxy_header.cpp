// SPDX-License-Identifier: MIT
//
//   version 1: "PROXY TCP4|TCP6 source destination source-port destination-port" CRLF
//              "PROXY UNKNOWN" anything CRLF
//   version 2: signature (12 bytes), version and command, family and transport,
//              length (2, big endian), addresses, then TLVs up to the length
#include "http/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "http/octets.h"

namespace geventd::http {

namespace {

using State = ProxyResult::State;

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kFixed = 16;
constexpr std::size_t kUnixPath = 108;
constexpr std::uint8_t kTlvSsl = 0x20;

ProxyResult reject(std::string_view reason) {
    ProxyResult result;
    result.state = State::Rejected;
    result.rejection = {400, reason};
    return result;
}

ProxyResult complete(std::size_t length, ProxyHeader header) {
    ProxyResult result;
    result.state = State::Complete;
    result.length = length;
    result.header = std::move(header);
    return result;
}

bool is_address(int family, std::string_view text) {
    const std::string copy(text);
    in6_addr address{};
    return ::inet_pton(family, copy.c_str(), &address) == 1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || !all(kDigit, text) ||
        (text.size() > 1 && text[0] == '0')) {
        return std::nullopt;
    }
    unsigned port = 0;
    for (const char byte : text) {
        port = port * 10 + static_cast<unsigned>(byte - '0');
    }
    return port <= 65535 ? std::optional(static_cast<std::uint16_t>(port)) : std::nullopt;
}

std::string_view take_word(std::string_view& line) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(std::min(space + 1, line.size()));
    return word;
}

ProxyResult decode_line(std::string_view line, std::size_t length) {
    line.remove_prefix(kLineStart.size());
    const bool blank_at_end = line.ends_with(' ');
    const std::string_view protocol = take_word(line);
    if (protocol == "UNKNOWN") {
        return complete(length, {});
    }
    if (protocol != "TCP4" && protocol != "TCP6") {
        return reject("PROXY header of an unknown protocol");
    }
    const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
    const std::string_view source = take_word(line);
    const std::string_view destination = take_word(line);
    const auto source_port = parse_port(take_word(line));
    const auto destination_port = parse_port(take_word(line));
    if (!is_address(family, source) || !is_address(family, destination) || !source_port ||
        !destination_port || !line.empty() || blank_at_end) {
        return reject("malformed PROXY header");
    }
    return complete(length, {true,
                             false,
                             {std::string(source), *source_port},
                             {std::string(destination), *destination_port}});
}

ProxyResult decode_v1(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, kMaxProxyLine);
    const std::size_t end = head.find_first_of(std::string_view("\r\n\0", 3));
    if (end == std::string_view::npos || (head[end] == '\r' && end + 1 == bytes.size())) {
        return head.size() == kMaxProxyLine ? reject("PROXY header too long") : ProxyResult{};
    }
    if (!head.substr(end).starts_with("\r\n")) {
        return reject("malformed PROXY header");
    }
    return decode_line(head.substr(0, end), end + 2);
}

std::size_t read_be16(std::string_view bytes, std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8U |
           static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 1]));
}

std::string format_address(int family, std::string_view raw) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, raw.data(), text.data(), static_cast<socklen_t>(text.size()));
    return text.data();
}

ProxyHeader read_inet(int family, std::size_t size, std::string_view block) {
    return {true,
            false,
            {format_address(family, block.substr(0, size)),
             static_cast<std::uint16_t>(read_be16(block, 2 * size))},
            {format_address(family, block.substr(size, size)),
             static_cast<std::uint16_t>(read_be16(block, 2 * size + 2))}};
}

std::string read_unix_path(std::string_view raw) {
    return std::string(raw.substr(0, raw.find('\0')));
}

/// Sets `tls` from the TLV that reports it; false when a TLV runs past the header.
bool read_tlvs(std::string_view block, bool& tls) {
    constexpr std::size_t kTlvHead = 3;
    while (!block.empty()) {
        if (block.size() < kTlvHead || block.size() - kTlvHead < read_be16(block, 1)) {
            return false;
        }
        const std::string_view value = block.substr(kTlvHead, read_be16(block, 1));
        if (static_cast<std::uint8_t>(block[0]) == kTlvSsl && !value.empty()) {
            tls = (static_cast<unsigned char>(value[0]) & 1U) != 0;
        }
        block.remove_prefix(kTlvHead + value.size());
    }
    return true;
}

ProxyResult decode_addresses(unsigned char transport, std::string_view block, std::size_t length) {
    ProxyHeader header;
    std::size_t used = 0;
    switch (transport) {
        case 0x00:
            return complete(length, {});
        case 0x11:
            used = 12;
            break;
        case 0x21:
            used = 36;
            break;
        case 0x31:
            used = 2 * kUnixPath;
            break;
        default:
            return reject("PROXY header of an unknown protocol");
    }
    if (block.size() < used) {
        return reject("PROXY header too short for its addresses");
    }
    if (transport == 0x11) {
        header = read_inet(AF_INET, sizeof(in_addr), block);
    } else if (transport == 0x21) {
        header = read_inet(AF_INET6, sizeof(in6_addr), block);
    } else {
        header.known = true;
        header.source.address = read_unix_path(block.substr(0, kUnixPath));
        header.destination.address = read_unix_path(block.substr(kUnixPath, kUnixPath));
    }
    if (!read_tlvs(block.substr(used), header.tls)) {
        return reject("malformed PROXY header");
    }
    return complete(length, std::move(header));
}

ProxyResult decode_v2(std::string_view bytes) {
    if (bytes.size() < kFixed) {
        return {};
    }
    const auto command = static_cast<unsigned char>(bytes[12]);
    if (command != 0x20 && command != 0x21) {
        return reject("PROXY header of an unknown version or command");
    }
    const std::size_t length = kFixed + read_be16(bytes, 14);
    if (length > kMaxProxyHeader) {
        return reject("PROXY header too long");
    }
    if (bytes.size() < length) {
        return {};
    }
    if (command == 0x20) {  // LOCAL: the balancer's own connection, such as a health check
        return complete(length, {});
    }
    return decode_addresses(static_cast<unsigned char>(bytes[13]),
                            bytes.substr(kFixed, length - kFixed), length);
}

bool begins_like(std::string_view bytes, std::string_view start) {
    const std::size_t common = std::min(bytes.size(), start.size());
    return bytes.substr(0, common) == start.substr(0, common);
}

}  // namespace

ProxyResult decode_proxy_header(std::string_view bytes) {
    if (begins_like(bytes, kSignature)) {
        return decode_v2(bytes);
    }
    if (begins_like(bytes, kLineStart)) {
        return decode_v1(bytes);
    }
    return reject("a PROXY header is expected first on this socket");
}

}  // namespace geventd::http
