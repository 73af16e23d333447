// SPDX-License-Identifier: MIT
#include "worker/connection/protocol.h"

#include "worker/connection/context.h"

namespace geventd::worker {

Request& Intake::begin(std::string_view head) const {
    request = context.requests.take();
    request->times.received = context.loop.now();
    request->head_bytes.assign(head);
    return *request;
}

}  // namespace geventd::worker
