// SPDX-License-Identifier: MIT
#include "worker/serve/accept_balance.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/errno_error.h"

namespace geventd::worker {

namespace {

// Long enough for an idle sibling to wake and accept.
constexpr auto kMoment = std::chrono::microseconds(500);

// The same for a worker without a free core, in which a request would have to wait: even a busy
// sibling gets to its next turn in this time.
constexpr auto kLongMoment = std::chrono::milliseconds(20);

// How many connections are taken after a wait in which no sibling took one.
constexpr int kTakenAnyway = 8;

template <typename Field>
auto read(const Field& field) {
    return field.load(std::memory_order_relaxed);
}

std::uint32_t requests(const shm::WorkerSlot& worker) {
    return read(worker.cores_busy) + read(worker.queued);
}

// The sibling serves the same generation and has room for more.
bool can_take(const shm::WorkerSlot& sibling, std::uint32_t generation) {
    return read(sibling.pid) != 0 && read(sibling.generation) == generation &&
           read(sibling.listens) != 0 && read(sibling.hub_over) == 0 &&
           read(sibling.hub_blocked) == 0 && requests(sibling) < read(sibling.cores);
}

}  // namespace

AcceptBalance::AcceptBalance(event::Loop& loop, const shm::Scoreboard* board,
                             const shm::WorkerSlot& slot, std::function<void()> regulate)
    : regulate_(std::move(regulate)), board_(board), slot_(slot), io_(loop) {
    if (board == nullptr) {
        return;
    }
    const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timer_ = raised(UniqueFd::adopt(fd));
    if (!timer_) {
        throw_errno("timerfd_create");
    }
    io_.bind<AcceptBalance, &AcceptBalance::on_timer>(this);
    io_.watch(timer_.get(), event::Io::kRead);
}

bool AcceptBalance::has_core(std::uint32_t unread) const {
    return requests(slot_) + unread < read(slot_.cores);
}

bool AcceptBalance::is_above(std::uint64_t connections, bool has_core) const {
    const std::uint32_t generation = slot_.generation.load(std::memory_order_relaxed);
    const std::uint32_t used = board_->in_use();
    std::uint64_t workers = 1;
    std::uint64_t total = connections;
    for (std::uint32_t i = 0; i < used; ++i) {
        const shm::WorkerSlot& sibling = board_->slots[i];
        if (&sibling != &slot_ && can_take(sibling, generation)) {
            ++workers;
            total += sibling.connections.load(std::memory_order_relaxed);
        }
    }
    const std::uint64_t fair = total / workers;
    return workers > 1 && (!has_core || connections > fair + 1 + fair / 32);
}

bool AcceptBalance::leaves_next(std::size_t connections, std::uint32_t unread) {
    if (board_ == nullptr) {
        return false;
    }
    if (taken_anyway_ > 0) {
        --taken_anyway_;
        return false;
    }
    const bool free = has_core(unread);
    const bool above = is_above(connections, free);
    if (std::exchange(has_waited_, false) && above) {
        taken_anyway_ = free ? kTakenAnyway - 1 : 0;
        return false;
    }
    if (!above) {
        return false;
    }
    was_full_ = !free;
    most_requests_ = requests(slot_);
    itimerspec spec{};
    const std::chrono::nanoseconds moment = free ? kMoment : kLongMoment;
    spec.it_value.tv_nsec = moment.count();
    leaving_ = ::timerfd_settime(timer_.get(), 0, &spec, nullptr) == 0;
    return leaving_;
}

// A worker that had no core takes connections again as soon as a request has ended.
bool AcceptBalance::leaving() {
    if (leaving_ && was_full_) {
        const std::uint32_t now = requests(slot_);
        leaving_ = now >= most_requests_;
        most_requests_ = std::max(most_requests_, now);
    }
    return leaving_;
}

void AcceptBalance::on_timer(int) noexcept {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const auto got = ::read(timer_.get(), &expirations, sizeof expirations);
    has_waited_ = std::exchange(leaving_, false);
    regulate_();
}

}  // namespace geventd::worker
