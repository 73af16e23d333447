// SPDX-License-Identifier: MIT
#include "worker/websocket/socket.h"

#include "worker/websocket/channels.h"

namespace geventd::worker {

// The request holds this object, and the caller the request.
void Socket::attend() {
    Application& application = home_.application();
    if (reader && is_readable()) {
        application.resume(reader);
    }
    for (std::size_t waiting = senders_.size(); waiting > 0 && !senders_.empty(); --waiting) {
        if (!is_closed() && exchange().is_sending()) {
            break;
        }
        if (senders_.front()) {
            application.resume(senders_.front());
        } else {
            senders_.splice(senders_.end(), senders_, senders_.begin());
        }
    }
    if (is_over() && !application_ && request_.exchange != nullptr) {
        home_.ended(*this);
        request_.exchange->finish(true);
    }
}

}  // namespace geventd::worker
