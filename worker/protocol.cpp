// SPDX-License-Identifier: MIT
#include "worker/protocol.h"

#include "worker/http1.h"
#include "worker/uwsgi.h"
#include "worker/worker.h"

namespace geventd::worker {

Request& Intake::begin(std::string_view head) const {
    request = worker.requests().take();
    request->received = worker.loop().now();
    request->head_bytes.assign(head);
    return *request;
}

const Protocol& protocol_of(const net::Address& address) {
    static const Http1 http1;
    static const Uwsgi uwsgi;
    switch (address.protocol) {
        case net::Protocol::Http:
            return http1;
        case net::Protocol::Uwsgi:
            return uwsgi;
    }
    return http1;
}

}  // namespace geventd::worker
