// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/listener.h"

namespace geventd::net {

/// Called after each attempt that found an address in use; false gives up. It may wait a little:
/// the workers of a killed master need a moment to release its sockets.
using RetryWhenInUse = std::function<bool()>;

/// Gives up at once; for reloads, which must not wait.
RetryWhenInUse no_retry();

/// Retries every 100 ms for as long as `patience`; for the first start. Blocks the caller.
RetryWhenInUse retry_for(Duration patience);

/// The sockets of one configuration, in its order. A failed open() or reopen() throws the
/// std::exception of the first faulty address and leaves everything as it was.
/// Lives in: master.
class ListenerSet {
  public:
    ListenerSet() = default;

    /// Starts with sockets that were taken over; reopen() then matches them with `wanted`.
    explicit ListenerSet(std::vector<Listener> adopted) : listeners_(std::move(adopted)) {}

    static ListenerSet open(const std::vector<Wanted>& wanted, const RetryWhenInUse& retry);

    /// Makes this the set of `wanted`. Sockets of equal endpoints stay open, so that no connection
    /// in a backlog is lost; missing ones are opened, and those that nobody can reach any more
    /// (is_lost(), or a unix socket that was shut down) are replaced. Returns the sockets that are
    /// no longer wanted, to be closed when nobody needs them (unlink_own() first).
    std::vector<Listener> reopen(const std::vector<Wanted>& wanted, const RetryWhenInUse& retry);

    [[nodiscard]] const std::vector<Listener>& listeners() const { return listeners_; }

    /// Applies the options of `wanted`, for which the sockets were opened, once more.
    void apply(const std::vector<Wanted>& wanted) noexcept;

    /// From now on the files of all sockets are ours.
    void own_files() noexcept;

    /// A TCP socket that was shut down, and whether it listens again.
    struct Fallen {
        const Listener* listener;
        std::string error;  ///< "": it listens again
    };

    std::vector<Fallen> revive(const std::vector<Wanted>& wanted);

    void disown_files() noexcept;
    void unlink_own() noexcept;

    /// As unlink_own(), except for files that sockets of another set share.
    void unlink_all_but(const ListenerSet& others) noexcept;

  private:
    std::vector<Listener> listeners_;
};

}  // namespace geventd::net
