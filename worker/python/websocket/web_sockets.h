// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <string_view>

#include "worker/python/base/ref.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/wsgi/request_runner.h"
#include "worker/python/wsgi/upgrader.h"
#include "worker/websocket/channel.h"

namespace geventd::py {

/// Lets greenlets use WebSockets: whatever face an application sees, it accepts, waits and sends by
/// these functions. Those that return bool return false with a Python exception set; those named
/// await_... may switch.
/// Lives in: worker, Python side. GIL held.
class WebSockets {
  public:
    /// Borrows its arguments for its life. Throws PythonError.
    WebSockets(HubBridge& bridge, RequestRunner& runner);
    WebSockets(const WebSockets&) = delete;
    WebSockets& operator=(const WebSockets&) = delete;
    ~WebSockets() = default;

    /// Answers the handshake.
    bool accept(worker::Channel& channel, std::string_view protocol);

    /// Waits for a message. False without an exception: there will be none any more.
    bool await_message(worker::Channel& channel);

    /// Sends a message when the former one has left.
    bool await_send(worker::Channel& channel, bool is_text, std::string_view message);

    /// Whether the bytes may be sent as a text.
    [[nodiscard]] static bool is_text(std::string_view bytes);

    bool await_ping(worker::Channel& channel, std::string_view payload);

    /// Sets the exception for a WebSocket that is closed.
    bool closed(const worker::Channel& channel) const;

    [[nodiscard]] bool is_closed_error(PyObject* exception) const {
        return PyErr_GivenExceptionMatches(exception, closed_class_.get()) != 0;
    }

    /// Whether the calling greenlet may use it; false in another thread and a forked process.
    [[nodiscard]] bool may_use(const worker::Channel& channel) const;

    /// The same of any WebSocket, whatever its state.
    [[nodiscard]] bool may_call() const;

  private:
    template <typename Send>
    bool await_sent(worker::Channel& channel, Send send);

    HubBridge& bridge_;
    RequestRunner& runner_;
    Ref closed_class_;
};

}  // namespace geventd::py
