// SPDX-License-Identifier: MIT
#include "base/closer.h"

#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/no_signals.h"

namespace geventd::closer {

namespace {

// One thread is enough unless it is held up.
constexpr std::size_t kMostThreads = 8;

struct State {
    std::mutex mutex;
    std::vector<UniqueFd> waiting;
    std::size_t threads = 0;
};

std::atomic<bool> started;

// Never destroyed, since threads may outlive main().
State& state() noexcept {
    static State* const only = std::make_unique<State>().release();
    return *only;
}

void close_all_waiting() noexcept {
    State& all = state();
    std::unique_lock lock(all.mutex);
    while (!all.waiting.empty()) {
        UniqueFd fd = std::move(all.waiting.back());
        all.waiting.pop_back();
        lock.unlock();
        const linger none{0, 0};  // mostly this is the only thing that close() would wait for
        ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
        fd.reset();
        lock.lock();
    }
    --all.threads;
}

}  // namespace

void start() noexcept {
    started = true;
}

bool is_started() noexcept {
    return started;
}

void close(UniqueFd fd) noexcept {
    if (fd && started) {
        try {
            std::vector<UniqueFd> one;
            one.push_back(std::move(fd));
            close(std::move(one));
        } catch (const std::exception&) {  // no memory: close it in this thread
        }
    }
}

void close(std::vector<UniqueFd> fds) noexcept {
    if (fds.empty() || !started) {
        return;
    }
    State& all = state();
    const std::lock_guard lock(all.mutex);
    try {
        all.waiting.insert(all.waiting.end(), std::make_move_iterator(fds.begin()),
                           std::make_move_iterator(fds.end()));
        if (all.threads < kMostThreads) {
            const NoSignals for_it;
            std::thread(close_all_waiting).detach();
            ++all.threads;
        }
    } catch (const std::exception&) {  // no thread: the queue waits for the next call
    }
}

}  // namespace geventd::closer
