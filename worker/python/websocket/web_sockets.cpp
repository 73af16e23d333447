// SPDX-License-Identifier: MIT
#include "worker/python/websocket/web_sockets.h"

#include <new>

#include "websocket/utf8.h"
#include "worker/process/forked.h"
#include "worker/python/base/error.h"
#include "worker/python/websocket/sender_place.h"
#include "worker/websocket/asking.h"

namespace geventd::py {

namespace {

using worker::Channel;

bool out_of_memory() {
    PyErr_NoMemory();
    return false;
}

}  // namespace

WebSockets::WebSockets(HubBridge& bridge, RequestRunner& runner)
    : bridge_(bridge), runner_(runner), closed_class_(imported("geventd", "WebSocketClosed")) {}

bool WebSockets::may_call() const {
    if (worker::is_forked_child()) {
        PyErr_SetString(PyExc_RuntimeError,
                        "a WebSocket cannot be used in a process that the application forked: its "
                        "connection is the worker's");
        return false;
    }
    if (bridge_.running_greenlet() == nullptr) {
        PyErr_SetString(PyExc_RuntimeError,
                        "a WebSocket can only be used in the thread of the worker's hub, not in "
                        "another thread");
        return false;
    }
    return true;
}

bool WebSockets::may_use(const Channel& channel) const {
    if (!may_call()) {
        return false;
    }
    if (channel.request().was_refused_upgrade) {
        runner_.await_refusal(channel.request(), closed_class_.get());
        return false;
    }
    if (channel.state() == Channel::State::Asked) {
        PyErr_SetString(PyExc_RuntimeError, "the WebSocket is not accepted yet");
        return false;
    }
    return true;
}

bool WebSockets::closed(const Channel& channel) const {
    const websocket::Session::End& end = channel.end();
    const Ref text = Ref::steal(PyUnicode_FromFormat(
        end.reason.empty() ? "the WebSocket is closed (%d)" : "the WebSocket is closed (%d: %s)",
        static_cast<int>(end.code), end.reason.c_str()));
    if (text) {
        PyErr_SetObject(closed_class_.get(), text.get());
    }
    return false;
}

bool WebSockets::accept(Channel& channel, std::string_view protocol) {
    worker::Request& request = channel.request();
    if (!may_call()) {
        return false;
    }
    if (request.no_upgrade.status != 0) {
        runner_.await_refusal(request, closed_class_.get());
        return false;
    }
    if (channel.state() != Channel::State::Asked || request.exchange == nullptr ||
        request.answer.completed()) {
        PyErr_SetString(PyExc_RuntimeError, "the request has been answered already");
        return false;
    }
    bool accepted = false;
    try {
        accepted = channel.accept(protocol);
        if (accepted && request.runner != nullptr) {
            runner_.leave_core(request);
        }
    } catch (const std::bad_alloc&) {
        return out_of_memory();
    }
    if (!accepted && request.has_unread_body()) {
        request.no_upgrade = worker::kHandshakeWithBody;
        PyErr_SetString(closed_class_.get(), request.no_upgrade.reason.data());
        return false;
    }
    return accepted || closed(channel);
}

bool WebSockets::await_message(Channel& channel) {
    for (;;) {
        channel.look_for_message();
        if (channel.has_message()) {
            return true;
        }
        if (channel.has_received_all() || !bridge_.await(channel.reader)) {
            return false;
        }
    }
}

template <typename Send>
bool WebSockets::await_sent(Channel& channel, Send send) {
    for (;;) {
        try {
            switch (send()) {
                case Channel::Outcome::Done:
                    return true;
                case Channel::Outcome::Closed:
                    return closed(channel);
                case Channel::Outcome::Wait:
                    break;
            }
        } catch (const std::bad_alloc&) {
            return out_of_memory();
        }
        const SenderPlace place(channel);
        if (!bridge_.await(place.waiter())) {
            return false;
        }
    }
}

bool WebSockets::await_send(Channel& channel, bool is_text, std::string_view message) {
    return await_sent(channel, [&] { return channel.send(is_text, message); });
}

bool WebSockets::is_text(std::string_view bytes) {
    return websocket::is_utf8(bytes);
}

bool WebSockets::await_ping(Channel& channel, std::string_view payload) {
    return await_sent(channel, [&] { return channel.ping(payload); });
}

}  // namespace geventd::py
