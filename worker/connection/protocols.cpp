// SPDX-License-Identifier: MIT
#include "worker/connection/protocols.h"

#include "worker/connection/http1.h"
#include "worker/connection/uwsgi.h"

namespace geventd::worker {

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
