// SPDX-License-Identifier: MIT
#include "worker/requests/client.h"

namespace geventd::worker {

std::string Client::host() const {
    return proxied ? proxied->source.address : peer.host();
}

}  // namespace geventd::worker
