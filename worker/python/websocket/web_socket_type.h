// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <unordered_map>

#include "worker/python/base/ref.h"
#include "worker/python/websocket/raw_socket_type.h"
#include "worker/python/websocket/web_sockets.h"
#include "worker/python/wsgi/upgrader.h"

namespace geventd::py {

/// The type geventd.WebSocket. Puts an object of it, and the other objects by which applications
/// use WebSockets, into the environ of each request that asks for one; other requests pay nothing.
/// Its objects point to this, so it lives as long as Python runs. Lives in: worker, Python side.
/// GIL held.
class WebSocketType final : public Upgrader {
  public:
    /// Borrows its arguments for its life. Throws PythonError.
    WebSocketType(worker::Worker& worker, WebSockets& sockets, const RawSocketType& raw);

    /// Where the environ has the object.
    static constexpr const char* kKey = "geventd.websocket";

    http::Rejection prepare(worker::Request& request, PyObject* environ) override;
    void ended(const worker::Request& request) noexcept override;
    [[nodiscard]] bool is_of_the_end(PyObject* exception) const override;

    [[nodiscard]] WebSockets& sockets() const { return sockets_; }

  private:
    [[nodiscard]] Ref make(worker::Channel& channel) const;
    void add_faces(worker::Channel& channel, PyObject* environ);

    worker::Worker& worker_;
    WebSockets& sockets_;
    const RawSocketType& raw_;
    Ref type_;
    Ref add_wsgi_websocket_;  ///< the function that adds wsgi.websocket, since its first use
    std::unordered_map<const worker::Request*, Ref> told_at_end_;  ///< of their requests
};

}  // namespace geventd::py
