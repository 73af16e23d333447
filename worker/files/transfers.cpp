// SPDX-License-Identifier: MIT
#include "worker/files/transfers.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

#include "base/no_signals.h"
#include "base/uninterrupted.h"
#include "worker/files/look_up.h"

namespace geventd::worker {

namespace {

// So much is sent after a look whether it is in memory, and read in when it is not.
constexpr off_t kPiece = 2 << 20;

// The distance of the places that are looked at: the kernel reads at least so much ahead.
constexpr off_t kStretch = 128 << 10;

// How often to look for clients that take too long.
constexpr auto kLook = std::chrono::milliseconds(500);

void call(const UniqueFd& eventfd) noexcept {
    const eventfd_t one = 1;
    // EAGAIN means that the counter is full, so the thread will wake anyway.
    [[maybe_unused]] const auto written = ::write(eventfd.get(), &one, sizeof one);
}

void answer_call(const UniqueFd& eventfd) noexcept {
    eventfd_t count = 0;
    [[maybe_unused]] const auto got = ::read(eventfd.get(), &count, sizeof count);
}

// Whether reading there would wait for the disk. Some file systems cannot tell: then it may.
bool is_cold(int file, off_t offset) noexcept {
    char byte = 0;
    iovec part{&byte, 1};
    return uninterrupted([&] { return ::preadv2(file, &part, 1, offset, RWF_NOWAIT); }) < 0;
}

// Grows in large steps. Throws std::bad_alloc.
template <typename T>
void make_room(std::vector<T>& vector, std::size_t size) {
    if (size > vector.capacity()) {
        vector.reserve(2 * size);
    }
}

// Up to where the next piece of a file seems to be in memory.
off_t find_warm_end(int file, off_t offset, std::uint64_t left) noexcept {
    const off_t end =
        offset + static_cast<off_t>(std::min(left, static_cast<std::uint64_t>(kPiece)));
    while (offset < end && !is_cold(file, offset)) {
        offset += kStretch;
    }
    return std::min(offset, end);
}

}  // namespace

Transfers::Transfers(DiskPool& pool, std::function<void()> wake)
    : pool_(pool), wake_(std::move(wake)) {}

bool Transfers::begin(std::unique_ptr<Transfer>& transfer) noexcept {
    if (!thread_.joinable() && !start()) {
        return false;
    }
    try {
        const std::lock_guard lock(mutex_);
        if (is_lost_) {
            return false;
        }
        make_room(warm_, count_ + 1);
        make_room(ended_, count_ + 1);
        make_room(new_, new_.size() + 1);
        new_.push_back(std::move(transfer));
    } catch (const std::bad_alloc&) {
        return false;
    }
    ++count_;
    call(call_);
    return true;
}

bool Transfers::start() noexcept {
    try {
        epoll_ = raised(UniqueFd::adopt(::epoll_create1(EPOLL_CLOEXEC)));
        call_ = raised(UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
        epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
        if (!epoll_ || !call_ ||
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, call_.get(), &event) != 0) {
            return false;
        }
        const NoSignals for_it;
        thread_ = std::thread([this] { run(); });
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void Transfers::end() noexcept {
    if (thread_.joinable()) {
        ends_ = true;
        call(call_);
        thread_.join();
    }
}

void Transfers::collect() noexcept {
    if (!has_ended_.exchange(false)) {
        return;
    }
    for (;;) {
        Owned transfer;
        {
            const std::lock_guard lock(mutex_);
            if (ended_.empty()) {
                return;
            }
            transfer = std::move(ended_.back());
            ended_.pop_back();  // keeps the memory, so that the thread needs none
        }
        --count_;
        transfer->owner.on_transferred(*transfer);
    }
}

void Transfers::run() noexcept {
    std::array<epoll_event, 64> events{};
    while (!ends_) {
        const int pause = active_.empty() ? -1 : static_cast<int>(kLook.count());
        const int ready = ::epoll_wait(epoll_.get(), events.data(), events.size(), pause);
        if (ready < 0 && errno != EINTR) {
            return end_all();
        }
        for (int i = 0; i < ready; ++i) {
            if (void* const transfer = events.at(static_cast<std::size_t>(i)).data.ptr) {
                advance(*static_cast<Transfer*>(transfer));
            } else {
                answer_call(call_);
            }
        }
        take_new();
        go_on_warm();
        if (ready >= 0 && static_cast<std::size_t>(ready) < events.size()) {
            end_overdue();  // all that are ready have been served: also after a pause of the
                            // process
        }
    }
}

void Transfers::take_new() noexcept {
    for (;;) {
        Owned transfer;
        {
            const std::lock_guard lock(mutex_);
            if (new_.empty()) {
                return;
            }
            transfer = std::move(new_.back());
            new_.pop_back();
        }
        Transfer& added = *transfer;
        added.place = active_.size();
        try {
            make_room(active_, active_.size() + 1);
        } catch (const std::bad_alloc&) {
            added.failed = true;
            const std::lock_guard lock(mutex_);
            ended_.push_back(std::move(transfer));
            has_ended_ = true;
            wake_();
            continue;
        }
        active_.push_back(std::move(transfer));
        advance(added);
    }
}

void Transfers::go_on_warm() noexcept {
    for (;;) {
        Transfer* transfer = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (warm_.empty()) {
                return;
            }
            transfer = warm_.back();
            warm_.pop_back();
        }
        transfer->at_disk = false;
        advance(*transfer);
    }
}

// One piece at a time, so that a fast client holds nobody up.
void Transfers::advance(Transfer& transfer) noexcept {
    transfer.pace.end(Clock::now());
    if (transfer.offset >= transfer.warm_end) {
        transfer.warm_end = find_warm_end(transfer.file, transfer.offset, transfer.left);
        if (transfer.warm_end == transfer.offset) {
            return await_disk(transfer);
        }
    }
    const auto piece = static_cast<std::uint64_t>(transfer.warm_end - transfer.offset);
    const auto [state, count, error] = transfer.stream.send_file(
        transfer.file, transfer.offset, static_cast<std::size_t>(std::min(transfer.left, piece)));
    const bool at_end = state == net::Stream::State::Done && count == 0;
    transfer.error = error;
    transfer.sent += count;
    transfer.left -= count;
    transfer.pace.count(count);
    if (state == net::Stream::State::Failed) {
        finish(transfer, true);
    } else if (at_end || transfer.left == 0) {
        finish(transfer, false);
    } else {
        await_client(transfer);
    }
}

void Transfers::set_due(Transfer& transfer) noexcept {
    transfer.due = transfer.pace.begin(Clock::now(), transfer.terms.pause, transfer.terms.rate);
    if (transfer.due != TimePoint::max()) {
        transfer.waiting = transfer.stream.queued();
    }
}

// As for other answers (Connection::goes_on_taking()).
bool Transfers::goes_on_taking(Transfer& transfer, TimePoint now) noexcept {
    if (!transfer.stream.has_taken_of(transfer.waiting)) {
        return false;
    }
    transfer.pace.excuse(now);
    set_due(transfer);
    return transfer.due > now;
}

void Transfers::await_client(Transfer& transfer) noexcept {
    set_due(transfer);
    if (transfer.watched) {
        return;
    }
    epoll_event event{.events = EPOLLOUT, .data = {.ptr = &transfer}};
    transfer.watched = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, transfer.stream.fd(), &event) == 0;
    if (!transfer.watched) {
        finish(transfer, true);
    }
}

void Transfers::await_disk(Transfer& transfer) noexcept {
    unwatch(transfer);
    transfer.due = TimePoint::max();
    transfer.at_disk = true;
    try {
        pool_.run(
            [this, &transfer] {
                const auto left =
                    static_cast<off_t>(std::min(transfer.left, static_cast<std::uint64_t>(kPiece)));
                read_in(transfer.file, transfer.offset, left);
                on_warm(transfer);
            },
            DiskPool::Urgency::Transfer);
    } catch (const std::bad_alloc&) {
        on_warm(transfer);
    }
}

// Called in a thread of the pool.
void Transfers::on_warm(Transfer& transfer) noexcept {
    transfer.warm_end = transfer.offset + kPiece;
    {
        const std::lock_guard lock(mutex_);
        warm_.push_back(&transfer);  // begin() has made room
    }
    call(call_);
}

void Transfers::unwatch(Transfer& transfer) noexcept {
    if (std::exchange(transfer.watched, false)) {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, transfer.stream.fd(), nullptr);
    }
}

void Transfers::finish(Transfer& transfer, bool failed) noexcept {
    unwatch(transfer);
    transfer.failed = failed;
    const std::size_t place = transfer.place;
    Owned ended = std::move(active_[place]);
    if (place + 1 != active_.size()) {
        active_[place] = std::move(active_.back());
        active_[place]->place = place;
    }
    active_.pop_back();
    {
        const std::lock_guard lock(mutex_);
        ended_.push_back(std::move(ended));  // begin() has made room
    }
    has_ended_ = true;
    wake_();
}

// Backwards, because finish() moves the last one into the place of the one that ends.
void Transfers::end_overdue() noexcept {
    const TimePoint now = Clock::now();
    if (now < next_look_) {
        return;
    }
    next_look_ = now + kLook;
    for (std::size_t i = active_.size(); i-- > 0;) {
        if (now >= active_[i]->due && !goes_on_taking(*active_[i], now)) {
            finish(*active_[i], true);
        }
    }
}

// The application has closed the thread's descriptors. What waits for the disk is lost with the
// process, which is ended for such a deed.
void Transfers::end_all() noexcept {
    {
        const std::lock_guard lock(mutex_);
        is_lost_ = true;
    }
    take_new();
    for (std::size_t i = active_.size(); i-- > 0;) {
        if (!active_[i]->at_disk) {
            finish(*active_[i], true);
        }
    }
}

}  // namespace geventd::worker
