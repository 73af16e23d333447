// SPDX-License-Identifier: MIT
#include "worker/worker.h"

#include <sys/random.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <utility>

#include "base/errno_error.h"
#include "http/response_head.h"
#include "log/logger.h"
#include "worker/counters.h"
#include "worker/signals.h"

namespace geventd::worker {

namespace {

// How long one turn may go on starting requests before gevent's timers and other greenlets get
// the hub back (without a bound a burst made a 10 ms timer 50 ms late).
constexpr auto kTurnBudget = std::chrono::milliseconds(5);

// How long a client may take to hear that its connection has ended.
constexpr auto kLinger = std::chrono::seconds(2);

// When no connection of ours ends, descriptors may come free elsewhere.
constexpr auto kRetryAccept = std::chrono::milliseconds(500);

// How long a listening socket that gives an error instead of connections is left alone.
constexpr auto kRest = std::chrono::milliseconds(200);

std::uint64_t random_bits() {
    std::uint64_t bits = 0;
    [[maybe_unused]] const auto got = ::getrandom(&bits, sizeof bits, 0);
    return bits;
}

// How many requests this worker serves until it is recycled.
std::uint64_t draw_requests(const config::Workers& settings) {
    if (settings.max_requests == 0) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    const auto jitter = static_cast<std::uint64_t>(settings.max_requests_jitter) + 1;
    return static_cast<std::uint64_t>(settings.max_requests) + random_bits() % jitter;
}

template <typename List>
void make_room(List& list, std::size_t count) {
    if (list.capacity() < count) {
        list.reserve(std::max(count, 2 * list.capacity()));
    }
}

void expire(void*, event::Deadline& deadline) noexcept {
    static_cast<Connection&>(deadline).on_deadline();
}

}  // namespace

ConnectionLimits::ConnectionLimits(event::DeadlineClock& clock, const config::Limits& settings)
    : request{.head = {}, .packet = {}, .body = settings.request_body},
      header(clock, settings.header_timeout, expire, nullptr),
      body(clock, settings.body_timeout, expire, nullptr),
      write(clock, settings.write_timeout, expire, nullptr),
      keep_alive(clock, settings.keep_alive, expire, nullptr),
      linger(clock, kLinger, expire, nullptr) {
    request.head.head = settings.request_head;
    request.packet.block = std::min<std::size_t>(settings.request_head, 65535);
}

Worker::Worker(const config::Settings& settings, shm::WorkerSlot& slot,
               std::vector<Listening> listeners, int number, const shm::Scoreboard* board)
    : accounts_(slot, settings.log, number),
      most_connections_(static_cast<std::uint32_t>(settings.limits.connections)),
      requests_left_(draw_requests(settings.workers)),
      cancels_on_disconnect_(settings.on_disconnect == config::OnDisconnect::Cancel),
      clock_(loop_),
      admission_(loop_, clock_, settings, accounts_),
      limits_(clock_, settings.limits),
      time_limits_(*this, clock_, settings),
      drain_list_(
          clock_, settings.limits.drain_requests,
          [](void* self, event::Deadline&) noexcept {
              static_cast<Worker*>(self)->on_drain_deadline();
          },
          this),
      rest_list_(
          clock_, kRest,
          [](void*, event::Deadline& deadline) noexcept {
              static_cast<Acceptor&>(deadline).on_rested();
          },
          nullptr),
      retry_list_(
          clock_, kRetryAccept,
          [](void* self, event::Deadline&) noexcept {
              auto* worker = static_cast<Worker*>(self);
              worker->out_of_fds_ = false;
              worker->regulate_accepting();
          },
          this),
      share_(*this, board, slot),
      number_(number),
      epoch_(std::time(nullptr)) {
    admission_.on_change([this] { regulate_accepting(); });
    for (Listening& listening : listeners) {
        acceptors_.push_back(std::make_unique<Acceptor>(*this, std::move(listening)));
    }
}

Worker::~Worker() = default;

void Worker::serve(Application& application) {
    admission_.serve(application);
    loop_.wake();
}

void Worker::turn() noexcept {
    turning_ = true;
    epoch_ = std::time(nullptr);
    admission_.begin_turn(loop_.refresh_now() + kTurnBudget);
    if (!std::exchange(has_turned_, true)) {
        regulate_accepting();
    }
    start_waiting();
    const bool unfinished = loop_.run_pending();
    start_waiting();
    sweep();
    separate_pieces();
    assert_all_attended();
    turning_ = false;
    count(accounts_.slot().heartbeat);
    if (unfinished || !revisits_.empty() || admission_.can_go_on()) {
        loop_.wake();
    }
}

void Worker::start_waiting() {
    admission_.resume_orphans();
    admission_.start_waiting();
    revisit();
    regulate_accepting();
}

// A request found here takes its place in the queue when no core is free.
void Worker::revisit() {
    const std::size_t visits = revisits_.size();
    for (std::size_t i = 0; i < visits; ++i) {  // it grows
        Connection& connection = *revisits_[i];
        if (connection.state() == Connection::State::Idle && connection.has_input()) {
            connection.revisit();
        }
    }
    revisits_.erase(revisits_.begin(), revisits_.begin() + static_cast<std::ptrdiff_t>(visits));
}

void Worker::request_ended(Request& request, const Exchange& exchange) {
    admission_.ended(request, exchange);
    if (--requests_left_ == 0 && ask_for_successor_) {
        ask_for_successor_(ipc::Due::ServedEnough);
    }
    if (!turning_ && (admission_.has_orphans() || admission_.has_waiting() || !accepting_)) {
        loop_.wake();
    }
}

void Worker::revisit_later(Connection& connection) {
    revisits_.push_back(&connection);
    if (!turning_) {
        loop_.wake();
    }
}

void Worker::separate_pieces_later(Connection& connection) {
    joining_.push_back(&connection);
    if (!turning_) {
        loop_.wake();
    }
}

void Worker::separate_pieces() {
    for (Connection* connection : joining_) {
        connection->separate_pieces();
    }
    joining_.clear();
}

bool Worker::has_room() const {
    return !draining_ && !paused_ && !out_of_fds_ && !share_.leaving() &&
           (!admission_.is_full() || admission_.rejects_when_full()) && open_.size() < most_connections_;
}

// The next connection is left to workers that have fewer.
bool Worker::leaves_next() {
    const bool leaves = share_.leaves_next(open_.size());
    if (leaves) {
        regulate_accepting();
    }
    return leaves;
}

void Worker::pause(bool on) {
    paused_ = on;
    if (has_turned_) {
        regulate_accepting();
    }
}

void Worker::regulate_accepting() {
    const bool accept = has_room();
    if (accept == accepting_) {
        return;
    }
    accepting_ = accept;
    for (const auto& acceptor : acceptors_) {
        if (accept) {
            acceptor->resume();
        } else {
            acceptor->pause();
        }
    }
}

void Worker::welcome(net::Stream stream, const Peer& peer, const Listening& listener) {
    count(accounts_.slot().accepted);
    // What its later states need: none of them can fail for want of it.
    const std::size_t most = open_.size() + buried_.size() + 1;
    make_room(open_, most);
    make_room(buried_, most);
    make_room(revisits_, 2 * most);
    make_room(joining_, 2 * most);
    auto connection = std::make_unique<Connection>(*this, std::move(stream), peer, listener);
    connection->set_index(static_cast<std::uint32_t>(open_.size()));
    open_.push_back(std::move(connection));
    show(accounts_.slot().connections, open_.size());
    open_.back()->welcome();
    regulate_accepting();
}

void Worker::out_of_descriptors(int error) {
    if (!shortage_reported_) {
        shortage_reported_ = true;
        log::error(
            "cannot accept connections: {} ({} are open); raise RLIMIT_NOFILE or lower "
            "limits.connections",
            errno_text(error), open_.size());
    }
    out_of_fds_ = true;
    retry_list_.start(retry_deadline_);
    regulate_accepting();
}

void Worker::accepted_all() {
    shortage_reported_ = false;
}

void Worker::bury(Connection& connection) {
    const std::uint32_t index = connection.index();
    buried_.push_back(std::move(open_[index]));
    if (index + 1 != open_.size()) {
        open_[index] = std::move(open_.back());
        open_[index]->set_index(index);
    }
    open_.pop_back();
    show(accounts_.slot().connections, open_.size());
    if (!turning_) {
        loop_.wake();
    }
}

// Frees closed connections when nobody up the stack can be looking at them.
void Worker::sweep() {
    if (buried_.empty()) {
        return;
    }
    const auto is_closed = [](const Connection* connection) {
        return connection->state() == Connection::State::Closed;
    };
    std::erase_if(revisits_, is_closed);
    std::erase_if(joining_, is_closed);
    if (out_of_fds_) {
        out_of_fds_ = false;
        retry_deadline_.cancel();
    }
    buried_.clear();
    regulate_accepting();
}

bool Worker::send_signal(std::uint8_t number) {
    return signals_ != nullptr && signals_->port().send(number, {}) == shm::SendResult::Accepted;
}

}  // namespace geventd::worker
