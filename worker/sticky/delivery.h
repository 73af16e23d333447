// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/fd.h"
#include "worker/sticky/mark.h"
#include "worker/sticky/parcel.h"

namespace geventd::worker {

enum class Delivery {
    Done,
    Gone,  ///< there is no such worker, or it takes no connections any more, or cannot be reached
    Busy,  ///< it takes none now
};

/// Hands a client's connection to the worker with that mark. Never waits. After Done the connection
/// is that worker's: this process must close its descriptor without a word to the client. A worker
/// that dies before it has taken the connection closes it by that. Throws std::bad_alloc.
Delivery deliver(const Mark& mark, const Parcel& parcel, int connection);

/// A socket that listens for what other workers deliver to the one with this mark. Throws
/// ErrnoError.
UniqueFd listen_for_deliveries(const Mark& mark);

/// What has been delivered on a connection that was accepted there.
struct Delivered {
    enum class State { Here, Awaited, Nothing };

    State state = State::Nothing;
    UniqueFd connection;
    std::string packet;  ///< what `parcel` points into
    Parcel parcel;
};

/// Takes a connection of another worker. Empty: errno says why; EAGAIN when none waits.
UniqueFd accept_delivery(int listener) noexcept;

/// Awaited: it is still to come. Nothing: there is none and will be none, or it comes from another
/// user's process. Throws std::bad_alloc.
Delivered receive_delivery(int line);

}  // namespace geventd::worker
