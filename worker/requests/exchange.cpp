// SPDX-License-Identifier: MIT
#include "worker/requests/exchange.h"

namespace geventd::worker {

std::string Exchange::client_host() const {
    return proxied() != nullptr ? proxied()->source.address : peer().host();
}

shm::RequestTable::Facts Exchange::request_facts() const {
    const Request& request = *request_;
    shm::RequestTable::Address client;
    if (!request.client.address.empty()) {
        client.text = request.client.address;
    } else if (request.has_environ) {
        client.text = request.vars.remote_addr;
    } else if (proxied() != nullptr) {
        client.text = proxied()->source.address;
    } else if (peer().kind != Peer::Kind::Unix) {
        client.size = peer().kind == Peer::Kind::Inet ? 4 : 16;
        client.bytes = peer().bytes;
    }
    return {request.times.received, request.id, request.head.method, request.head.path, client};
}

}  // namespace geventd::worker
