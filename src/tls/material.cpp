// SPDX-License-Identifier: MIT
#include "tls/material.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace geventd::tls {

namespace {

/// Numbers of four bytes, and texts that follow their length.
class Writer {
  public:
    void number(std::uint32_t value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    }

    void text(std::string_view value) {
        number(static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
    }

    template <std::size_t kSize>
    void block(const std::array<std::uint8_t, kSize>& value) {
        bytes_.append(reinterpret_cast<const char*>(value.data()), kSize);
    }

    Secret take() { return std::move(bytes_); }

  private:
    Secret bytes_;
};

class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    std::uint32_t number() {
        std::uint32_t value = 0;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }

    std::string text() { return std::string(take(number())); }

    Secret secret() { return Secret(take(number())); }

    template <std::size_t kSize>
    void block(std::array<std::uint8_t, kSize>& value) {
        std::memcpy(value.data(), take(kSize).data(), kSize);
    }

    void expect_end() const {
        if (!bytes_.empty()) {
            refuse();
        }
    }

  private:
    std::string_view take(std::size_t size) {
        if (bytes_.size() < size) {
            refuse();
        }
        const std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }

    [[noreturn]] static void refuse() {
        throw std::runtime_error("the certificates that the master sent cannot be read");
    }

    std::string_view bytes_;
};

void write(Writer& out, const Endpoint& endpoint) {
    out.number(static_cast<std::uint32_t>(endpoint.pairs.size()));
    for (const Pair& pair : endpoint.pairs) {
        out.text(pair.name);
        out.text(pair.chain);
        out.text(pair.key);
        out.text(pair.ocsp);
    }
    out.number(static_cast<std::uint32_t>(endpoint.clients));
    out.text(endpoint.client_ca);
    out.text(endpoint.ciphers);
    out.number(endpoint.only_newest ? 1 : 0);
    out.text(endpoint.session_scope);
}

Endpoint read_endpoint(Reader& in) {
    Endpoint endpoint;
    for (std::uint32_t pairs = in.number(); pairs > 0; --pairs) {
        Pair& pair = endpoint.pairs.emplace_back();
        pair.name = in.text();
        pair.chain = in.secret();
        pair.key = in.secret();
        pair.ocsp = in.text();
    }
    endpoint.clients = static_cast<ClientCertificates>(in.number());
    endpoint.client_ca = in.text();
    endpoint.ciphers = in.text();
    endpoint.only_newest = in.number() != 0;
    endpoint.session_scope = in.text();
    return endpoint;
}

}  // namespace

bool Material::is_needed() const {
    return std::any_of(endpoints.begin(), endpoints.end(),
                       [](const Endpoint& endpoint) { return !endpoint.pairs.empty(); });
}

Secret encode(const Material& material) {
    Writer out;
    out.number(material.edition);
    out.number(static_cast<std::uint32_t>(material.endpoints.size()));
    for (const Endpoint& endpoint : material.endpoints) {
        write(out, endpoint);
    }
    out.number(static_cast<std::uint32_t>(material.tickets.size()));
    for (const TicketKey& key : material.tickets) {
        out.block(key.name);
        out.block(key.cipher);
        out.block(key.mac);
    }
    return out.take();
}

Material decode_material(std::string_view bytes) {
    Reader in(bytes);
    Material material;
    material.edition = in.number();
    for (std::uint32_t endpoints = in.number(); endpoints > 0; --endpoints) {
        material.endpoints.push_back(read_endpoint(in));
    }
    for (std::uint32_t keys = in.number(); keys > 0; --keys) {
        TicketKey& key = material.tickets.emplace_back();
        in.block(key.name);
        in.block(key.cipher);
        in.block(key.mac);
    }
    in.expect_end();
    return material;
}

}  // namespace geventd::tls
