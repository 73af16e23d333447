// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/in_corner.h"
#include "http/forwarded.h"
#include "http/request_head.h"
#include "http/response_writer.h"
#include "uwsgi/request_vars.h"
#include "worker/requests/application.h"
#include "worker/requests/body.h"
#include "worker/requests/greenlet.h"
#include "worker/requests/time_limit.h"
#include "worker/requests/upgraded.h"

namespace geventd::worker {

class Exchange;
struct RequestStock;

/// One request, from its complete head to the end of its answer. Lives on, without an exchange, as
/// long as Python objects of it (wsgi.input, start_response). Reference counted, because those
/// outlive connections; only the worker's one thread touches the count.
/// Lives in: worker. The loop side fills it, the Python side reads it.
class Request {
  public:
    /// For RequestPool, which creates all requests.
    explicit Request(std::shared_ptr<RequestStock> stock) : stock_(std::move(stock)) {}

    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;
    ~Request() = default;

    std::string head_bytes;        ///< what the views of head, vars and client point into
    http::RequestHead head;        ///< for uwsgi: filled from the variables
    uwsgi::RequestVars vars;       ///< empty except for uwsgi
    bool has_environ = false;      ///< a uwsgi request: the web server sent the environ as `vars`
    std::string_view version;      ///< the protocol as the client names it: "HTTP/1.1"
    std::string_view path_info;    ///< the decoded path
    std::string decoded_path;      ///< what path_info points into if decoding changed the path
    http::ForwardedClient client;  ///< what trusted proxies say
    std::string peer;              ///< the client's address; only where proxies are trusted
    std::string id;                ///< from a trusted proxy, or generated
    Body body;

    /// Its way in and out; null once the answer has ended.
    Exchange* exchange = nullptr;

    /// What the exchange carries, or is asked to carry, instead of an answer; null: nothing.
    std::unique_ptr<Upgraded> upgraded;

    /// The connection cannot be upgraded before the body is read.
    [[nodiscard]] bool has_unread_body() const { return !body.complete() || body.buffered() > 0; }

    /// What the application's attempt to upgrade the connection is answered with; status 0: it may.
    http::Rejection no_upgrade;

    /// That was the answer: what the application says afterwards is ignored.
    bool was_refused_upgrade = false;

    TimeLimit limit{*this};

    Waiter reader;               ///< the greenlet that waits for body bytes
    Waiter writer;               ///< the greenlet that waits for its output to be sent
    Greenlet* runner = nullptr;  ///< the greenlet that runs the request; null before and after

    http::ResponseWriter answer;

    /// The file that the application has named in a header of its answer, and that is sent instead
    /// of the body; "": none.
    std::string named_file;

    /// How the answer's head is to be written.
    struct Form {
        http::ResponseWriter::Dialect dialect{};
        std::string_view version;  ///< what the status line begins with
        bool keep_alive = true;    ///< whether it says that the connection stays open
    };

    Form form;

    /// What has left for the client.
    struct Sent {
        int status = 0;                 ///< of the answer; 0: none so far
        unsigned headers = 0;           ///< header fields of the answer
        std::uint64_t head = 0;         ///< bytes of its head
        std::uint64_t body = 0;         ///< bytes of its body, without framing
        std::uint32_t waiting = 0;      ///< bytes that the kernel had when a client was waited for
        bool told_of_excess = false;    ///< the log says that it exceeds its Content-Length
        bool told_to_continue = false;  ///< 100 Continue is sent, or not needed
    };

    Sent sent;

    /// What a WebSocket has carried; bytes that it has sent are in Sent::body.
    struct Traffic {
        std::uint64_t messages_in = 0;
        std::uint64_t messages_out = 0;
        std::uint64_t bytes_in = 0;
    };

    Traffic traffic;

    struct Times {
        TimePoint received;    ///< when the head was complete
        TimePoint started;     ///< when the request got its core
        TimePoint last_piece;  ///< when send_piece() was last called
        TimePoint first_byte;  ///< when sending the answer began; the clock's epoch: not yet
    };

    Times times;

    std::uint32_t core = 0;     ///< which core the request occupies, from 0
    bool left_core = false;     ///< that core is free again, and the request goes on
    std::uint64_t ordinal = 0;  ///< how many requests this worker had started before

    /// What the application says about its line in the access log.
    struct Log {
        /// A value of ${logvar.NAME}.
        struct Var {
            std::string name;
            std::string value;
        };

        bool wanted = false;  ///< a line even where the access log is off
        std::vector<Var> vars;
    };

    Log log;

    void set_log_var(std::string_view name, std::string_view value);

    /// Null when the variable was not set.
    [[nodiscard]] const std::string* log_var(std::string_view name) const;

    void retain() { ++references_; }

    void release();

  private:
    friend class RequestPool;
    friend struct RequestStock;

    void clear();

    // Shared by the pool and its requests: Python objects may keep requests longer than the pool
    // lives.
    std::shared_ptr<RequestStock> stock_;
    int references_ = 0;
    CornerDelete<Request> place_;
};

/// An owned reference to a Request.
class RequestRef {
  public:
    RequestRef() = default;

    explicit RequestRef(Request& request) : request_(&request) { request.retain(); }

    RequestRef(const RequestRef& other) : request_(other.request_) {
        if (request_ != nullptr) {
            request_->retain();
        }
    }

    RequestRef(RequestRef&& other) noexcept : request_(std::exchange(other.request_, nullptr)) {}

    RequestRef& operator=(const RequestRef& other) { return *this = RequestRef(other); }

    RequestRef& operator=(RequestRef&& other) noexcept {
        std::swap(request_, other.request_);
        return *this;
    }

    ~RequestRef() {
        if (request_ != nullptr) {
            request_->release();
        }
    }

    Request& operator*() const { return *request_; }

    Request* operator->() const { return request_; }

    [[nodiscard]] Request* get() const { return request_; }

    explicit operator bool() const { return request_ != nullptr; }

  private:
    Request* request_ = nullptr;
};

/// Unused requests for reuse, so that a request needs no allocation. Bounded.
class RequestPool {
  public:
    RequestPool();
    RequestPool(const RequestPool&) = delete;
    RequestPool& operator=(const RequestPool&) = delete;
    ~RequestPool();

    RequestRef take();

  private:
    std::shared_ptr<RequestStock> stock_;
};

}  // namespace geventd::worker
