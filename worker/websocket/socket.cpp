// SPDX-License-Identifier: MIT
#include "worker/websocket/socket.h"

#include "worker/requests/counters.h"
#include "worker/websocket/channels.h"

namespace geventd::worker {

shm::WebSocketTable::Traffic Socket::traffic() const {
    const Request::Traffic& traffic = request_.traffic;
    const bool waits = request_.exchange != nullptr && exchange().is_sending();
    return {traffic.messages_in, traffic.messages_out, traffic.bytes_in, request_.sent.body,
            waits ? output_.size() : 0};
}

void Socket::count_received(std::uint64_t messages) noexcept {
    request_.traffic.messages_in += messages;
    count(home_.accounts().slot().messages_in, messages);
}

void Socket::count_sent(std::uint64_t messages) noexcept {
    request_.traffic.messages_out += messages;
    count(home_.accounts().slot().messages_out, messages);
}

bool Socket::send_output() noexcept {
    const Exchange::IoState state = exchange().send_bytes(output_);
    if (!exchange().is_sending()) {
        std::string().swap(output_);
    }
    return state != Exchange::IoState::Failed;
}

bool Socket::may_go_on_sending() noexcept {
    constexpr int kMostRounds = 12;
    return exchange().is_sending() && (home_.limits_writing() || ++rounds_ < kMostRounds);
}

// The request holds this object, and the caller the request.
void Socket::attend() {
    Application& application = home_.application();
    if (reader && is_readable()) {
        application.resume(reader);
    }
    on_turn_over();
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
