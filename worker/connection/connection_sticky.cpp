// SPDX-License-Identifier: MIT
// Connection: sticky sessions. A connection goes to the worker in which its request's session
// lives, and comes from others.
#include <utility>

#include "worker/connection/connection.h"
#include "worker/connection/context.h"
#include "worker/process/listening.h"
#include "worker/requests/counters.h"
#include "worker/sticky/delivery.h"

namespace geventd::worker {

namespace {

// Each time all that was received goes along, so how often it does without anything new from the
// client has a limit.
constexpr std::uint32_t kMostHops = 100;

}  // namespace

// All before this request has been answered and sent, and nothing of its body was read: `bytes`
// and the descriptor are all that there is, but for what a transport and its client have agreed,
// which cannot leave the process. A worker that is gone has taken its sessions with it:
// the application says what becomes of them.
bool Connection::hand_over(std::string_view bytes) {
    if (std::exchange(has_arrived_, false) || stream_.has_transport()) {
        return false;
    }
    const std::optional<Mark> owner = context_.sticky->other_owner(*request_);
    if (!owner) {
        return false;
    }
    if (hops_ == kMostHops) {
        refuse({503, "too many pipelined requests go from session to session"});
        return true;
    }
    Parcel parcel{client_.listener.inode, client_.peer, {}, hops_ + 1U, bytes};
    if (client_.proxied) {
        parcel.proxied = *client_.proxied;
    }
    switch (deliver(*owner, parcel, stream_.fd())) {
        case Delivery::Gone:
            return false;
        case Delivery::Busy:
            refuse({503, "the worker of this session takes no connections now"},
                   "Retry-After: 1\r\n");
            return true;
        case Delivery::Done:
            break;
    }
    count(context_.accounts.slot().handed_over);
    request_ = {};
    release();
    return true;
}

void Connection::arrive(const Parcel& parcel) noexcept {
    attempt([this, &parcel] {
        proxy_awaited_ = false;
        if (parcel.proxied) {
            client_.proxied = std::make_unique<http::ProxyHeader>(*parcel.proxied);
        }
        has_arrived_ = true;
        hops_ = parcel.hops;
        process(parcel.bytes);
    });
}

}  // namespace geventd::worker
