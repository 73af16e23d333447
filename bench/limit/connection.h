// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <ev.h>
#include <sys/uio.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/python/base/ref.h"

namespace geventd::limit {

struct Field {
    std::string_view name, value;
};

/// What the bytes of a request say. The views live until the greenlet first switches.
struct Head {
    std::string_view method, path, query;
    bool http11 = false;
    std::size_t content_length = 0;
    std::vector<Field> fields;  ///< headers of HTTP, variables of the uwsgi protocol
};

/// A client's connection and the one request that it has at a time.
struct Connection {
    Connection(struct ev_loop* ev_loop, int socket, bool is_uwsgi);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Reads what there is; starts the request once its head is whole.
    void on_readable();

    /// Sends all of it. False: the client has left.
    bool send(std::span<iovec> parts) const;

    /// Up to `room` bytes of the body; switches to the hub until some are there.
    std::size_t await_body(char* into, std::size_t room);

    /// The request has been answered: waits for the next one, or deletes itself.
    void finish(bool complete);

    struct ev_loop* loop;
    ev_io watcher{};
    int fd;
    bool uwsgi;
    bool running = false;
    bool keep_alive = false;
    bool http11 = false;
    bool head_sent = false;
    bool chunked = false;
    std::string partial;          ///< of a head that is not whole
    std::string body;             ///< what came with the head
    std::size_t body_left = 0;    ///< with what is in `body`
    PyObject* waiting = nullptr;  ///< the greenlet, while it waits for bytes
    std::string answer;           ///< head of the answer
    py::Ref start_response, input;

  private:
    std::size_t parse_http(std::string_view bytes);
    std::size_t parse_uwsgi(std::string_view bytes);
};

/// Set when a callback has started watchers: the loop must run again before the hub waits.
inline bool loop_changed = false;

/// The head that is being read.
inline Head head;

}  // namespace geventd::limit
