// SPDX-License-Identifier: MIT
#include "worker/requests/exchange.h"

namespace geventd::worker {

shm::RequestTable::Facts facts_of(const Exchange& exchange) {
    const Request& request = exchange.request();
    const Client& client = exchange.client();
    shm::RequestTable::Address address;
    if (!request.client.address.empty()) {
        address.text = request.client.address;
    } else if (request.has_environ) {
        address.text = request.vars.remote_addr;
    } else if (client.proxied) {
        address.text = client.proxied->source.address;
    } else if (client.peer.kind != Peer::Kind::Unix) {
        address.size = client.peer.kind == Peer::Kind::Inet ? 4 : 16;
        address.bytes = client.peer.bytes;
    }
    return {request.times.received, request.id, request.head.method, request.head.path, address};
}

}  // namespace geventd::worker
