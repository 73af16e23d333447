// SPDX-License-Identifier: MIT
#include "worker/sticky/parcel.h"

#include <cstdint>
#include <cstring>

namespace geventd::worker {

namespace {

// Both sides are the same program on the same host, so this travels as it lies in memory.
struct Label {
    std::uint64_t listener;
    Peer peer;
    std::uint32_t hops;
    std::uint8_t is_proxied;
    std::uint8_t tls;
    std::uint16_t source_port;
    std::uint16_t destination_port;
    std::uint32_t source_size;
    std::uint32_t destination_size;
};

static_assert(std::is_trivially_copyable_v<Label>);

// Takes the first `size` bytes away; nullopt: there are fewer.
std::optional<std::string> take(std::string_view& bytes, std::size_t size) {
    if (bytes.size() < size) {
        return std::nullopt;
    }
    std::string taken(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return taken;
}

}  // namespace

std::string pack(const Parcel& parcel) {
    Label label{};
    label.listener = parcel.listener;
    label.peer = parcel.peer;
    label.hops = parcel.hops;
    std::string addresses;
    if (const auto& proxied = parcel.proxied) {
        label.is_proxied = 1;
        label.tls = proxied->tls ? 1 : 0;
        label.source_port = proxied->source.port;
        label.destination_port = proxied->destination.port;
        label.source_size = static_cast<std::uint32_t>(proxied->source.address.size());
        label.destination_size = static_cast<std::uint32_t>(proxied->destination.address.size());
        addresses = proxied->source.address + proxied->destination.address;
    }
    std::string packed(sizeof label, '\0');
    std::memcpy(packed.data(), &label, sizeof label);
    return packed + addresses;
}

std::optional<Parcel> unpack_parcel(std::string_view packet) {
    Label label{};
    if (packet.size() < sizeof label) {
        return std::nullopt;
    }
    std::memcpy(&label, packet.data(), sizeof label);
    packet.remove_prefix(sizeof label);
    Parcel parcel{
        .listener = static_cast<ino_t>(label.listener), .peer = label.peer, .hops = label.hops};
    if (label.is_proxied != 0) {
        auto source = take(packet, label.source_size);
        auto destination = take(packet, label.destination_size);
        if (!source || !destination) {
            return std::nullopt;
        }
        parcel.proxied = http::ProxyHeader{true,
                                           label.tls != 0,
                                           {std::move(*source), label.source_port},
                                           {std::move(*destination), label.destination_port}};
    }
    parcel.bytes = packet;
    return parcel;
}

}  // namespace geventd::worker
