// SPDX-License-Identifier: MIT
#include "worker/connection/connections.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "worker/requests/counters.h"

namespace geventd::worker {

namespace {

template <typename List>
void make_room(List& list, std::size_t count) {
    if (list.capacity() < count) {
        list.reserve(std::max(count, 2 * list.capacity()));
    }
}

template <typename List>
bool holds(const List& list, const Connection& connection) {
    return std::find(list.begin(), list.end(), &connection) != list.end();
}

}  // namespace

Connections::Connections(const Parts& parts, const config::Settings& settings)
    : turn_(parts.turn),
      admission_(parts.admission),
      slot_(parts.accounts.slot()),
      limits_(parts.clock, settings.limits),
      kept_{.most = settings.limits.unsent},
      context_{
          .loop = parts.loop,
          .admission = parts.admission,
          .accounts = parts.accounts,
          .time_limits = parts.time_limits,
          .limits = limits_,
          .requests = requests_,
          .kept = kept_,
          .scratch = scratch_,
          .packet_vars = packet_vars_,
          .turn = parts.turn,
          .cancels_on_disconnect = settings.on_disconnect == config::OnDisconnect::Cancel,
          .send_signal = [](std::uint8_t) { return false; },
      } {
    for (event::DeadlineList* list : limits_.waits()) {
        list->bind_items<&Connection::on_deadline>();
    }
}

void Connections::send_signals_by(std::function<bool(std::uint8_t)> send) {
    context_.send_signal = std::move(send);
}

Connection& Connections::insert(net::Stream stream, const Peer& peer, const Listening& listener) {
    // Reserves what later states need, so that they cannot fail for lack of memory.
    const std::size_t most = open_.size() + closed_.size() + 1;
    make_room(open_, most);
    make_room(closed_, most);
    make_room(revisits_, 2 * most);
    make_room(unread_, 2 * most);
    make_room(joining_, 2 * most);
    static_assert(sizeof(Connection) <= SharedPages::kCorners[0]);
    auto connection = make_in_corner<Connection>(context_, static_cast<Connection::Owner&>(*this),
                                                 std::move(stream), peer, listener);
    connection->set_index(static_cast<std::uint32_t>(open_.size()));
    open_.push_back(std::move(connection));
    show(slot_.connections, open_.size());
    Connection& added = *open_.back();
    if (closes_after_answers_) {
        added.close_after_answer();
    }
    return added;
}

void Connections::add(net::Stream stream, const Peer& peer, const Listening& listener) {
    worker::count(slot_.accepted);
    Connection& added = insert(std::move(stream), peer, listener);
    added.start();
    if (closes_unused_) {
        added.close_when_unused();
    }
}

void Connections::adopt(net::Stream stream, const Parcel& parcel, const Listening& listener) {
    insert(std::move(stream), parcel.peer, listener).arrive(parcel);
}

void Connections::turn_away(net::Stream stream, const Peer& peer, const Listening& listener,
                            const http::Rejection& rejection) {
    insert(std::move(stream), peer, listener).turn_away(rejection);
}

void Connections::on_closed(Connection& connection) {
    const std::uint32_t index = connection.index();
    closed_.push_back(std::move(open_[index]));
    if (index + 1 != open_.size()) {
        open_[index] = std::move(open_.back());
        open_[index]->set_index(index);
    }
    open_.pop_back();
    show(slot_.connections, open_.size());
    turn_.ensure();
}

bool Connections::sweep() {
    if (closed_.empty()) {
        return false;
    }
    const auto is_closed = [](const Connection* connection) {
        return connection->state() == Connection::State::Closed;
    };
    std::erase_if(revisits_, is_closed);
    std::erase_if(unread_, is_closed);
    std::erase_if(joining_, is_closed);
    closed_.clear();
    return true;
}

void Connections::revisit_later(Connection& connection) {
    revisits_.push_back(&connection);
    turn_.ensure();
}

// A request found here joins the queue when no core is free.
void Connections::revisit() {
    const std::size_t visits = revisits_.size();
    for (std::size_t i = 0; i < visits; ++i) {  // revisits_ may grow meanwhile
        Connection& connection = *revisits_[i];
        if (connection.state() == Connection::State::Idle && connection.has_input()) {
            connection.revisit();
        }
    }
    revisits_.erase(revisits_.begin(), revisits_.begin() + static_cast<std::ptrdiff_t>(visits));
}

void Connections::read_on_later(Connection& connection) noexcept {
    unread_.push_back(&connection);
    turn_.ensure();
}

// Those that came first are first asked again. What a transport puts off is asked in the next turn.
void Connections::read_on() {
    const std::size_t visits = unread_.size();
    for (std::size_t i = 0; i < visits; ++i) {  // unread_ may grow meanwhile
        unread_[i]->read_on();
    }
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(visits));
}

void Connections::separate_pieces_later(Connection& connection) {
    joining_.push_back(&connection);
    turn_.ensure();
}

void Connections::separate_pieces() {
    for (Connection* connection : joining_) {
        connection->separate_pieces();
    }
    joining_.clear();
}

// Backwards, because closing a connection moves the last one into its place.
void Connections::close_after_answers(bool unused) {
    closes_after_answers_ = true;
    closes_unused_ = closes_unused_ || unused;
    for (std::size_t i = open_.size(); i-- > 0;) {
        Connection& connection = *open_[i];
        connection.close_after_answer();
        if (unused) {
            connection.close_when_unused();
        }
    }
}

std::vector<RequestRef> Connections::running() const {
    std::vector<RequestRef> requests;
    for (const auto& connection : open_) {
        if (connection->state() == Connection::State::Running) {
            requests.emplace_back(connection->request());
        }
    }
    return requests;
}

std::string_view Connections::neglect_of(const Connection& connection) const {
    const Connection::State state = connection.state();
    if (const std::string_view fault = connection.neglect(); !fault.empty()) {
        return fault;
    }
    if ((state == Connection::State::Queued) != admission_.waits(connection)) {
        return "is not in the queue just when it waits for a core";
    }
    if (state == Connection::State::Idle && connection.has_input() &&
        !holds(revisits_, connection)) {
        return "has received bytes that nobody looks at";
    }
    return connection.joins_pieces() && !holds(joining_, connection)
               ? "holds pieces of its answer back for ever"
               : "";
}

std::string Connections::neglect() const {
    for (const auto& connection : open_) {
        if (const std::string_view fault = neglect_of(*connection); !fault.empty()) {
            return fmt::format("the connection at descriptor {} {}", connection->client().fd,
                               fault);
        }
    }
    return "";
}

}  // namespace geventd::worker
