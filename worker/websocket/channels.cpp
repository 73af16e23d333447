// SPDX-License-Identifier: MIT
#include "worker/websocket/channels.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/random_bits.h"
#include "config/drain_time.h"
#include "worker/requests/counters.h"
#include "worker/requests/request_fields.h"
#include "worker/websocket/asking.h"

namespace geventd::worker {

namespace {

// How long a client may take to answer a closing frame.
constexpr auto kClosing = std::chrono::seconds(5);

// How long a WebSocket lives that is opened while the worker drains. Socket.IO's client proves it
// before it moves a session there: an end before that would cost it the session's transport.
constexpr Duration kLate = std::chrono::seconds(2);

// How many clients a second are sent away by a worker that drains, if its time suffices: each comes
// back at once.
constexpr int kLeaveEachSecond = 50;

std::uint32_t places_of(const config::Limits& limits) {
    return static_cast<std::uint32_t>(limits.websockets);
}

std::uint64_t or_any(std::uint64_t bytes) {
    return bytes == 0 ? std::numeric_limits<std::uint64_t>::max() : bytes;
}

// From zero to nearly `most`, at random.
Duration some_of(Duration most) {
    const double part = static_cast<double>(random_bits() >> 11) * 0x1p-53;
    return std::chrono::duration_cast<Duration>(most * part);
}

}  // namespace

Channels::Channels(const Parts& parts, const config::Limits& limits)
    : loop_(parts.loop),
      admission_(parts.admission),
      accounts_(parts.accounts),
      engine_(websocket::make_engine()),
      origins_(limits.websocket_origins),
      most_(static_cast<std::size_t>(limits.websockets)),
      region_(shm::Region::create("geventd-websockets",
                                  shm::WebSocketTable::size_for(places_of(limits)))),
      table_(region_.data(), region_.size(), places_of(limits)),
      most_message_(or_any(limits.websocket_message)),
      least_compressed_(limits.websocket_compress),
      limits_writing_(limits.websocket_write != config::Milliseconds::zero()),
      drain_time_(config::drain_of_websockets(limits)),
      ping_(parts.clock, limits.websocket_ping),
      pong_(parts.clock, limits.websocket_pong),
      closing_(parts.clock, kClosing),
      leaving_(parts.clock, kClosing) {
    ping_.bind_items<&Channel::on_ping_due>();
    pong_.bind_items<&Channel::on_pong_due>();
    closing_.bind_items<&Socket::on_closing_due>();
    leaving_.bind_items<&Socket::on_leaving_due>();
}

std::optional<websocket::Handshake> Channels::handshake_of(const Request& request) const {
    const Asking asking(request);
    const websocket::Asked asked = asking.fields();
    if (!engine_ || request.head.version_minor == 0 || !websocket::is_handshake(asked)) {
        return std::nullopt;
    }
    return websocket::Handshake{
        asked.key,
        asked.version == websocket::kVersion,
        field_of(request, "origin", "HTTP_ORIGIN"),
        list_of(request, "sec-websocket-protocol", "HTTP_SEC_WEBSOCKET_PROTOCOL"),
        list_of(request, "sec-websocket-extensions", "HTTP_SEC_WEBSOCKET_EXTENSIONS"),
    };
}

http::Rejection Channels::refusal(const websocket::Handshake& handshake) const {
    const auto allows = [&handshake](const std::string& entry) {
        return websocket::is_allowed_by(entry, handshake.origin);
    };
    if (!origins_.empty() && std::none_of(origins_.begin(), origins_.end(), allows)) {
        return {403, "the origin is not in limits.websocket-origins"};
    }
    if (open_.size() + asked_ > most_) {
        return {503, "limits.websockets are open"};
    }
    return {};
}

Channel* Channels::channel_of(Request& request) {
    if (!request.upgraded) {
        const auto handshake = handshake_of(request);
        if (!handshake) {
            return nullptr;
        }
        request.upgraded = std::make_unique<Channel>(*this, request, *handshake);
        ++asked_;
    }
    return static_cast<Socket&>(*request.upgraded).as_channel();
}

RawSocket* Channels::raw_of(Request& request) {
    if (request.upgraded && !request.upgraded->has_begun()) {
        auto raw = std::make_unique<RawSocket>(*this, request);
        if (raw->begin()) {
            request.upgraded = std::move(raw);
            opened(static_cast<Socket&>(*request.upgraded));
        }
    }
    return request.upgraded ? static_cast<Socket&>(*request.upgraded).as_raw() : nullptr;
}

std::unique_ptr<websocket::Session> Channels::make_session(
    websocket::Session::User& user, const std::optional<websocket::DeflateTerms>& deflate) {
    return engine_->make(user, {most_message_, deflate, least_compressed_});
}

void Channels::make_room_for_one() {
    admission_.make_room_for_one();
    const std::size_t most = open_.size() + 1;
    if (open_.capacity() < most) {
        open_.reserve(2 * most);
    }
    for (auto* list : {&listed_, &attended_}) {
        if (list->capacity() < most) {
            list->reserve(2 * most);
        }
    }
    if (free_places_.capacity() < most) {
        free_places_.reserve(2 * most);
    }
}

std::uint32_t Channels::take_place() {
    if (free_places_.empty()) {
        return used_places_++;
    }
    const std::uint32_t place = free_places_.back();
    free_places_.pop_back();
    return place;
}

void Channels::show_traffic(const Socket& socket) noexcept {
    table_.show(socket.place, socket.traffic());
}

void Channels::opened(Socket& socket) {
    --asked_;
    socket.index = open_.size();
    open_.push_back(&socket);
    socket.place = take_place();
    table_.put(socket.place, facts_of(*socket.request().exchange));
    show_count();
    worker::count(accounts_.slot().opened);
    admission_.leave_core(socket.request());
    if (draining_) {
        socket.leaves_at = loop_.now() + (stops_ ? Duration::zero() : kLate);
        leaving_.start_at(socket, socket.leaves_at);
    } else if (socket.as_channel() != nullptr) {
        ping_.start(socket);
    }
}

void Channels::await_in(event::DeadlineList& list, Socket& socket) {
    if (draining_ && socket.leaves_at <= loop_.now() + list.delay()) {
        leaving_.start_at(socket, socket.leaves_at);
    } else {
        list.start(socket);
    }
}

void Channels::ended(Socket& socket) noexcept {
    open_[socket.index] = open_.back();
    open_[socket.index]->index = socket.index;
    open_.pop_back();
    table_.remove(socket.place);
    free_places_.push_back(socket.place);
    show_count();
}

void Channels::show_count() {
    show(accounts_.slot().websockets, open_.size());
}

// In the loop, since a greenlet can be resumed only there.
void Channels::attend_later(Socket& socket) noexcept {
    if (std::exchange(socket.is_listed, true)) {
        return;
    }
    if (listed_.empty()) {
        loop_.wake();  // one is enough: attend() takes them all
    }
    listed_.emplace_back(socket.request());
}

void Channels::attend() {
    attended_.swap(listed_);
    // By index: a greenlet that is resumed may open another WebSocket, and so move the list.
    for (std::size_t i = 0; i < attended_.size(); ++i) {  // NOLINT(modernize-loop-convert)
        const RequestRef request = std::move(attended_[i]);
        auto& socket = static_cast<Socket&>(*request->upgraded);
        socket.is_listed = false;
        socket.attend();
    }
    attended_.clear();
}

std::uint16_t Channels::leaving_code() const {
    return stops_ ? websocket::kGoingAway : websocket::kServiceRestart;
}

std::string_view Channels::leaving_reason() const {
    return stops_ ? "the server stops" : "the server restarts";
}

// A loop that was held up finds its timers due all at once.
void Channels::end_drain() noexcept {
    for (Socket* socket : open_) {
        if (!socket->is_closed()) {
            socket->on_leaving_due();
        }
    }
}

// Their times are put into the list in order, which costs no walk over it. Those that get a ping
// before theirs stay where they are: a proxy in between would end one that is silent for long.
void Channels::drain(bool stops) {
    stops_ = stops_ || stops;
    if (std::exchange(draining_, true)) {
        return;
    }
    const Duration answer = std::min<Duration>(kClosing, drain_time_ / 4);
    if (answer > Duration::zero()) {
        closing_.set_delay(answer);
    }
    const Duration most = drain_time_ - 2 * answer;  // one for the client, one for the application
    const Duration gentle = std::chrono::seconds(open_.size()) / kLeaveEachSecond;
    const Duration spread = std::min(most, gentle);
    std::vector<TimePoint> times(open_.size());
    const TimePoint now = loop_.refresh_now();
    const Duration longest = std::max(ping_.delay(), pong_.delay());
    std::generate(times.begin(), times.end(), [&] { return now + some_of(spread); });
    std::sort(times.begin(), times.end());
    for (std::size_t i = 0; i < open_.size(); ++i) {
        Socket& socket = *open_[i];
        socket.leaves_at = times[i];
        const bool is_pinged = socket.as_channel() != nullptr && !ping_.is_off();
        if (!socket.is_closed() && (!is_pinged || times[i] <= now + longest)) {
            leaving_.start_at(socket, times[i]);
        }
    }
}

}  // namespace geventd::worker
