// SPDX-License-Identifier: MIT
#pragma once

#include <list>

#include "worker/requests/application.h"
#include "worker/websocket/socket.h"

namespace geventd::py {

/// The place of a greenlet among those that wait to send. A list node, not an object on the stack,
/// so that the loop can reach it.
class SenderPlace {
  public:
    explicit SenderPlace(worker::Socket& socket)
        : socket_(socket), place_(socket.senders().emplace(socket.senders().end())) {}

    SenderPlace(const SenderPlace&) = delete;
    SenderPlace& operator=(const SenderPlace&) = delete;

    ~SenderPlace() { socket_.senders().erase(place_); }

    [[nodiscard]] worker::Waiter& waiter() const { return *place_; }

  private:
    worker::Socket& socket_;
    std::list<worker::Waiter>::iterator place_;
};

}  // namespace geventd::py
