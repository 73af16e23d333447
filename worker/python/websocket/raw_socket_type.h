// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/websocket/time_limit.h"
#include "worker/python/wsgi/request_runner.h"
#include "worker/websocket/raw_socket.h"

namespace geventd::py {

/// The type of environ['gunicorn.socket']: what a library that speaks WebSocket itself uses of a
/// socket. It takes the connection over when it is first used; until then the request can be
/// answered. Works in greenlets and in other threads. Its objects point to this, so it lives as
/// long as Python runs.
/// Lives in: worker, Python side. GIL held.
class RawSocketType {
  public:
    /// Borrows its arguments for its life. Throws PythonError.
    RawSocketType(HubBridge& bridge, RequestRunner& runner);

    /// The object for a request. Empty with a Python exception set.
    [[nodiscard]] Ref make(worker::Request& request) const;

    /// The request's raw socket; null with an OSError when it cannot be one.
    worker::RawSocket* take(worker::Request& request) const;

    /// The caller runs in the hub's thread.
    [[nodiscard]] bool is_in_hub() const;

    /// Warns once when a request that the hub's thread has opened is used in another thread and
    /// `threading` is not patched.
    void look_for_threads(const worker::Request& request) const;

    /// Waits until bytes, or the end, can be received. False with an exception.
    bool await_readable(worker::RawSocket& socket, TimeLimit limit) const;

    /// Waits until former bytes have been sent. False with an exception.
    bool await_room(worker::RawSocket& socket, TimeLimit limit) const;

  private:
    [[nodiscard]] bool await_waiter(worker::Waiter& waiter, TimeLimit limit) const;
    [[nodiscard]] bool await_descriptor(int fd, TimeLimit limit) const;

    HubBridge& bridge_;
    RequestRunner& runner_;
    Ref type_;
};

}  // namespace geventd::py
