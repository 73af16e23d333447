// SPDX-License-Identifier: MIT
#include "worker/serve/sticky_sessions.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/stream.h"

namespace geventd::worker {

namespace {

// How often a worker that drains looks whether its sessions have ended.
constexpr auto kLook = std::chrono::milliseconds(200);

}  // namespace

StickySessions::StickySessions(const Parts& parts, const config::Sticky& settings,
                               std::function<void()> on_over)
    : gate_(parts.gate),
      admission_(parts.admission),
      connections_(parts.connections),
      successor_(parts.successor),
      sticky_{Mark::draw(), Rule(settings)},
      inbox_(parts.loop, parts.clock, sticky_.own, static_cast<Inbox::Owner&>(*this)),
      look_timer_(parts.clock),
      on_over_(std::move(on_over)) {
    look_timer_.bind<&StickySessions::look>(this);
    connections_.hand_over_by(sticky_);
}

std::string StickySessions::mark_for_ever(std::string_view id) {
    has_endless_ = true;
    return mark(id);
}

void StickySessions::on_delivered(UniqueFd connection, const Parcel& parcel) {
    net::Stream stream(std::move(connection));
    const auto& acceptors = gate_.acceptors();
    const auto found = std::find_if(acceptors.begin(), acceptors.end(), [&](const auto& acceptor) {
        return acceptor->listening().inode == parcel.listener;
    });
    if (found != acceptors.end()) {
        connections_.adopt(std::move(stream), parcel, (*found)->listening());
    } else {
        // It came to an address that only the other worker's generation has.
        connections_.turn_away(std::move(stream), parcel.peer, acceptors.front()->listening(),
                               {503, "the worker of this session does not serve this address"});
    }
    gate_.regulate();
}

void StickySessions::inbox_lost() {
    successor_.ask(ipc::Due::LostListener);
}

void StickySessions::drain(bool keep) {
    if (keep) {
        look();
    } else {
        end();
    }
}

void StickySessions::end() noexcept {
    look_timer_.cancel();
    inbox_.close();
}

// A connection that is still here may open a session with its next request, but for those of
// requests that cannot be ended.
void StickySessions::look() noexcept {
    if (connections_.count() <= admission_.lost_count() && !has_endless_ &&
        !(has_open_ && has_open_())) {
        end();
    } else {
        look_timer_.start(kLook);
    }
}

}  // namespace geventd::worker
