// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <functional>
#include <unordered_map>
#include <vector>

#include "worker/python/base/interpreter.h"
#include "worker/python/base/ref.h"
#include "worker/python/wsgi/applications.h"
#include "worker/python/wsgi/environ.h"
#include "worker/python/wsgi/response.h"
#include "worker/python/wsgi/types.h"
#include "worker/python/wsgi/upgrader.h"
#include "worker/requests/request.h"

namespace geventd::py {

/// Runs WSGI requests from environ to close(): calls the application, sends what it returns as it
/// is produced, and ends the answer as each kind of failure demands.
/// Lives in: worker, Python side. run() is called in the request's greenlet; may switch.
class RequestRunner {
  public:
    /// Borrows its arguments for its life. Throws PythonError.
    RequestRunner(const Interpreter& python, worker::Worker& worker, EnvironMaker& environs,
                  const WsgiTypes& types, const Applications& applications);

    void run(worker::Request& request) noexcept;

    /// The answers of the running requests, by core; null: the core is free.
    [[nodiscard]] const std::vector<Response*>& running() const { return running_; }

    /// Those of requests that hold no core any more, by greenlet.
    using Upgraded = std::unordered_map<const worker::Greenlet*, Response*>;

    [[nodiscard]] const Upgraded& upgraded() const { return upgraded_; }

    /// The request, whose greenlet runs, has left its core. Throws std::bad_alloc.
    void leave_core(const worker::Request& request);

    /// Sets who prepares requests that ask for another protocol.
    void upgrade_by(Upgrader& upgrader) { upgrader_ = &upgrader; }

    /// Answers a request whose connection cannot be upgraded with its Request::no_upgrade, if it
    /// has no answer yet. Sets an exception of that class, or another one. May switch.
    void await_refusal(const worker::Request& request, PyObject* exception) const;

    /// The answer of the request that `greenlet` runs; null: it runs none.
    [[nodiscard]] Response* find(const worker::Greenlet* greenlet) const;

    [[nodiscard]] const WsgiTypes& types() const { return types_; }

    /// Sets what to call after each request, in its greenlet; an empty Ref: nothing.
    void set_after_request(Ref hook) { after_request_ = std::move(hook); }

    /// Sets who is told, last of all, that the application is done with a request.
    void on_end(std::function<void(const worker::Request&)> action) { ended_ = std::move(action); }

  private:
    class RunningEntry;

    void look_for_asyncio() noexcept;

    bool await_pieces(const worker::Request& request, Response& response, PyObject* result);
    bool await_end(worker::Request& request, PyObject* start_response);
    void await_after_request(const worker::Request& request);
    bool await_answer(worker::Request& request, PyObject* start_response);
    bool await_result(worker::Request& request, PyObject* start_response, PyObject* result);
    [[nodiscard]] Ref make_fault_page() const;
    static bool is_ignored(const worker::Request& request);
    static bool is_end_of_raw(const worker::Request& request);
    [[nodiscard]] bool is_of_the_end(const worker::Request& request, PyObject* exception) const;
    http::Rejection explain(const worker::Request& request, PyObject* exception);
    bool await_failure(worker::Request& request, PyObject* start_response);

    const Interpreter& python_;
    worker::Worker& worker_;
    EnvironMaker& environs_;
    const WsgiTypes& types_;
    const Applications& applications_;
    Ref fault_page_;  ///< fault_page(text) returns a WSGI callable that shows the text
    Ref greenlet_exit_;
    Ref request_timeout_;
    Ref after_request_;
    std::function<void(const worker::Request&)> ended_;
    Ref asyncio_name_;                ///< "asyncio.events"
    Ref running_loop_;                ///< asyncio.events._get_running_loop; empty: not imported yet
    std::vector<Response*> running_;  ///< by core; null: the core is free
    Upgraded upgraded_;
    Upgrader* upgrader_ = nullptr;
};

}  // namespace geventd::py
