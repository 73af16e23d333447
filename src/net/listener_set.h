// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/listener.h"

namespace geventd::net {

/// Asked after each attempt that found an address in use; false gives up. It may wait a little:
/// the workers of a killed master need a moment to let its sockets go.
using RetryWhenInUse = std::function<bool()>;

/// Gives up at once; for reloads, where nobody may wait.
RetryWhenInUse no_retry();

/// Tries again every 100 ms until `patience` is over; for the first start. Blocks the caller.
RetryWhenInUse retry_for(Duration patience);

/// The sockets of one configuration, in its order. A failed open() or reopen() throws the
/// std::exception of the first address at fault and leaves everything as it was.
/// Lives in: master.
class ListenerSet {
  public:
    ListenerSet() = default;

    /// Starts with sockets that were taken over; reopen() then matches them with the wanted.
    explicit ListenerSet(std::vector<Listener> adopted) : listeners_(std::move(adopted)) {}

    static ListenerSet open(const std::vector<Wanted>& wanted, const RetryWhenInUse& retry);

    /// Makes this the set of `wanted`: sockets of equal endpoints stay open, so that no connection
    /// in a backlog is lost; missing ones are opened, and so are those that nobody reaches any more
    /// (is_lost(), or a unix socket that was shut down). Returns those that are no longer wanted,
    /// to be closed when nobody needs them (unlink_own() first).
    std::vector<Listener> reopen(const std::vector<Wanted>& wanted, const RetryWhenInUse& retry);

    [[nodiscard]] const std::vector<Listener>& listeners() const { return listeners_; }

    /// Gives the sockets the options of `wanted`, which they were opened for, once more.
    void apply(const std::vector<Wanted>& wanted) noexcept;

    /// The files that they have are ours.
    void own_files() noexcept;

    /// TCP sockets that were shut down listen again; of each it tells whether they do.
    struct Fallen {
        const Listener* listener;
        std::string error;  ///< "": it listens again
    };

    std::vector<Fallen> revive(const std::vector<Wanted>& wanted);

    void disown_files() noexcept;
    void unlink_own() noexcept;

    /// The same, but for the files that another set's sockets share.
    void unlink_all_but(const ListenerSet& others) noexcept;

  private:
    std::vector<Listener> listeners_;
};

}  // namespace geventd::net
