// SPDX-License-Identifier: MIT
#include "net/listener_set.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"
#include "net/holder.h"

namespace geventd::net {

namespace {

Listener open_patiently(const Wanted& wanted, const RetryWhenInUse& retry) {
    for (bool told = false;;) {
        try {
            return Listener::open(wanted.address, wanted.options);
        } catch (const ErrnoError& error) {
            if (error.code().value() != EADDRINUSE) {
                throw;
            }
            const bool is_last = !retry();
            if (!is_last && told) {
                continue;
            }
            if (is_last) {
                throw name_holder(error, wanted.address);
            }
            log::warning("{}; trying again", name_holder(error, wanted.address).what());
            told = true;
        }
    }
}

/// Newly opened sockets, taken back unless they are claimed.
class Fresh {
  public:
    Fresh() = default;
    Fresh(const Fresh&) = delete;
    Fresh& operator=(const Fresh&) = delete;

    ~Fresh() {
        for (auto& listener : opened_) {
            listener.unlink_own();
        }
    }

    void open(const Wanted& wanted, const RetryWhenInUse& retry) {
        opened_.push_back(open_patiently(wanted, retry));
    }

    std::vector<Listener> claim() { return std::exchange(opened_, {}); }

  private:
    std::vector<Listener> opened_;
};

/// The first listener for that endpoint that no other wanted address has taken yet. A lost one does
/// not count: a new socket takes its place.
std::optional<std::size_t> find_open(const std::vector<Listener>& open,
                                     const std::vector<bool>& taken, const Address& address) {
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (!taken[i] && same_endpoint(open[i].wanted(), address)) {
            if (open[i].is_lost() || (open[i].is_replaceable() && open[i].is_down())) {
                log::warning("{} no longer leads to the server: a new socket is made there",
                             format_address(address));
                continue;
            }
            return i;
        }
    }
    return std::nullopt;
}

void change_kept(Listener& listener, const Wanted& wanted) noexcept {
    try {
        listener.change(wanted);
    } catch (const ErrnoError& error) {
        log::warning("{}; the socket stays as it was", error.what());
    }
}

}  // namespace

RetryWhenInUse no_retry() {
    return [] { return false; };
}

RetryWhenInUse retry_for(Duration patience) {
    constexpr int kPauseMilliseconds = 100;
    const TimePoint end = Clock::now() + patience;
    return [end] {
        if (Clock::now() >= end) {
            return false;
        }
        ::poll(nullptr, 0, kPauseMilliseconds);
        return true;
    };
}

ListenerSet ListenerSet::open(const std::vector<Wanted>& wanted, const RetryWhenInUse& retry) {
    ListenerSet set;
    set.reopen(wanted, retry);
    return set;
}

std::vector<Listener> ListenerSet::reopen(const std::vector<Wanted>& wanted,
                                          const RetryWhenInUse& retry) {
    std::vector<bool> taken(listeners_.size());
    std::vector<std::optional<std::size_t>> kept;
    Fresh fresh;
    for (const auto& one : wanted) {
        kept.push_back(find_open(listeners_, taken, one.address));
        if (kept.back()) {
            taken[*kept.back()] = true;
        } else {
            fresh.open(one, retry);
        }
    }
    // Nothing can fail from here on.
    std::vector<Listener> opened = fresh.claim();
    std::vector<Listener> next;
    auto unused = opened.begin();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (kept[i]) {
            change_kept(listeners_[*kept[i]], wanted[i]);
            next.push_back(std::move(listeners_[*kept[i]]));
        } else {
            next.push_back(std::move(*unused++));
        }
    }
    std::vector<Listener> dropped;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        if (!taken[i]) {
            dropped.push_back(std::move(listeners_[i]));
        }
    }
    listeners_ = std::move(next);
    return dropped;
}

void ListenerSet::apply(const std::vector<Wanted>& wanted) noexcept {
    for (std::size_t i = 0; i < std::min(listeners_.size(), wanted.size()); ++i) {
        change_kept(listeners_[i], wanted[i]);
    }
}

std::vector<ListenerSet::Fallen> ListenerSet::revive(const std::vector<Wanted>& wanted) {
    std::vector<Fallen> fallen;
    for (Listener& listener : listeners_) {
        if (!listener.is_down()) {
            continue;
        }
        int backlog = ListenOptions().backlog;
        for (const Wanted& one : wanted) {
            if (same_endpoint(one.address, listener.wanted())) {
                backlog = one.options.backlog;
            }
        }
        try {
            listener.revive(backlog);
            fallen.push_back({&listener, ""});
        } catch (const ErrnoError& error) {
            fallen.push_back({&listener, error.what()});
        }
    }
    return fallen;
}

void ListenerSet::own_files() noexcept {
    for (auto& listener : listeners_) {
        listener.own_file();
    }
}

void ListenerSet::disown_files() noexcept {
    for (auto& listener : listeners_) {
        listener.disown_file();
    }
}

void ListenerSet::unlink_all_but(const ListenerSet& others) noexcept {
    for (auto& listener : listeners_) {
        const bool is_shared =
            std::any_of(others.listeners_.begin(), others.listeners_.end(),
                        [&](const Listener& other) { return other.file() == listener.file(); });
        if (!is_shared) {
            listener.unlink_own();
        }
    }
}

void ListenerSet::unlink_own() noexcept {
    for (auto& listener : listeners_) {
        listener.unlink_own();
    }
}

}  // namespace geventd::net
