// SPDX-License-Identifier: MIT
#include "worker/tls/tls_servers.h"

#include <chrono>
#include <utility>

#include "base/sealed_memory.h"
#include "log/logger.h"
#include "tls/material.h"
#include "worker/requests/counters.h"

namespace geventd::worker {

namespace {

// How much of a turn handshakes may take until requests of others are served. A signature by an
// RSA key of 2048 bits takes about one millisecond of it.
constexpr Duration kTurnShare = std::chrono::milliseconds(2);

}  // namespace

void TlsServers::renew(int material) {
    const tls::Material read = tls::decode_material(read_whole(material, "the certificates"));
    if (read.edition == edition_) {
        for (const auto& server : servers_) {
            if (server != nullptr) {
                server->seal_with(read.tickets);
            }
        }
        return;
    }
    std::vector<std::unique_ptr<tls::Server>> servers;
    for (const tls::Endpoint& endpoint : read.endpoints) {
        servers.push_back(endpoint.pairs.empty() ? nullptr
                                                 : tls::make_server(endpoint, read.tickets));
    }
    servers_ = std::move(servers);
    edition_ = read.edition;
}

std::unique_ptr<net::Transport> TlsServers::accept(std::size_t listener, std::string early,
                                                   std::string client) {
    if (listener >= servers_.size() || servers_[listener] == nullptr) {
        return nullptr;
    }
    return servers_[listener]->accept(*this, std::move(early), std::move(client));
}

bool TlsServers::may_begin_step() noexcept {
    if (spent_ >= kTurnShare) {
        return false;
    }
    step_began_ = Clock::now();
    return true;
}

void TlsServers::end_step() noexcept {
    spent_ += Clock::now() - step_began_;
}

void TlsServers::succeeded(bool resumed) noexcept {
    count(slot_.handshakes);
    if (resumed) {
        count(slot_.resumed);
    }
}

void TlsServers::failed(tls::Failure failure, std::string_view client,
                        std::string_view why) noexcept {
    count(slot_.handshakes_failed);
    switch (failure) {
        case tls::Failure::Certificate:
            count(slot_.failed_certificates);
            break;
        case tls::Failure::Agreement:
            count(slot_.failed_agreements);
            break;
        case tls::Failure::Protocol:
            count(slot_.failed_protocols);
            break;
        case tls::Failure::Left:
            count(slot_.failed_lefts);
            break;
    }
    log::debug("a TLS handshake of {} has failed: {}", client, why);
}

}  // namespace geventd::worker
