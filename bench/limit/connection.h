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

/// A parsed request head. The views are valid until the greenlet first switches.
struct Head {
    std::string_view method, path, query;
    bool http11 = false;
    std::size_t content_length = 0;
    std::vector<Field> fields;  ///< headers of HTTP, variables of the uwsgi protocol
};

/// A client's connection and its request, one at a time.
struct Connection {
    Connection(struct ev_loop* ev_loop, int socket, bool is_uwsgi);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Reads what has arrived; starts the request once its head is complete.
    void on_readable();

    /// Sends everything. False: the client has left.
    bool send(std::span<iovec> parts) const;

    /// Returns up to `room` bytes of the body; switches to the hub until there are some.
    std::size_t await_body(char* into, std::size_t room);

    /// The request was answered: waits for the next one, or deletes itself.
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
    std::string partial;          ///< an incomplete head
    std::string body;             ///< the part of the body that came with the head
    std::size_t body_left = 0;    ///< bytes left to read, including those in `body`
    PyObject* waiting = nullptr;  ///< the greenlet, while it waits for bytes
    std::string answer;           ///< head of the response
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
