// SPDX-License-Identifier: MIT
#include "worker/protocol.h"

#include "worker/context.h"
#include "worker/http1.h"
#include "worker/uwsgi.h"

namespace geventd::worker {

Request& Intake::begin(std::string_view head) const {
    request = context.requests.take();
    request->received = context.loop.now();
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
