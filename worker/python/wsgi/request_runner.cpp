// SPDX-License-Identifier: MIT
#include "worker/python/wsgi/request_runner.h"

#include <span>
#include <utility>

#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/wsgi/block.h"
#include "worker/python/wsgi/close_result.h"
#include "worker/serve/worker.h"

namespace geventd::py {

namespace {

// Whether `result` is a list or tuple of blocks only: then its length is known and all is sent at
// once. Pieces of other results are sent as they come.
bool is_whole(PyObject* result) {
    if (!PyList_CheckExact(result) && !PyTuple_CheckExact(result)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(result); ++i) {
        if (!is_block(PySequence_Fast_GET_ITEM(result, i))) {
            return false;
        }
    }
    return true;
}

bool await_send_whole(Response& response, PyObject* result) {
    // A copy, because a list could change while we wait for a slow client.
    const Ref blocks = Ref::steal(PyTuple_New(PySequence_Fast_GET_SIZE(result)));
    if (!blocks) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(blocks.get()); ++i) {
        if (i >= PySequence_Fast_GET_SIZE(result)) {  // making bytes of a block may run any code
            PyErr_SetString(PyExc_RuntimeError, "the list of blocks became shorter meanwhile");
            return false;
        }
        const Ref item = Ref::borrow(PySequence_Fast_GET_ITEM(result, i));
        Ref block = block_bytes(item.get());
        if (!block) {
            return false;
        }
        PyTuple_SET_ITEM(blocks.get(), i, block.release());
    }
    PyObject* const* first = &PyTuple_GET_ITEM(blocks.get(), 0);
    return response.await_send_all(
        blocks.get(), {first, static_cast<std::size_t>(PyTuple_GET_SIZE(blocks.get()))});
}

bool await_send_item(Response& response, PyObject* item) {
    if (item == Py_None) {
        return true;
    }
    if (!is_block(item)) {
        PyErr_Format(PyExc_TypeError, "the application yielded %.100s where WSGI wants bytes",
                     Py_TYPE(item)->tp_name);
        return false;
    }
    const Ref bytes = block_bytes(item);
    return bytes && response.await_send(bytes.get());
}

// Whether the answer is one block instead of an iterable of them.
bool is_bare_block(PyObject* result) {
    return PyBytes_CheckExact(result) || PyByteArray_CheckExact(result) ||
           PyMemoryView_Check(result);
}

bool is_plain_sequence(PyObject* result) {
    return PyList_CheckExact(result) || PyTuple_CheckExact(result) || is_bare_block(result);
}

}  // namespace

/// A request's entry in running_. Once the answer has ended, another request may have the core, so
/// the entry is removed only if it is still ours.
class RequestRunner::RunningEntry {
  public:
    RunningEntry(std::vector<Response*>& running, Upgraded& upgraded, Response& response)
        : running_(running),
          upgraded_(upgraded),
          response_(response),
          core_(response.request().core) {
        if (core_ >= running_.size()) {
            running_.resize(core_ + 1);
        }
        running_[core_] = &response;
    }

    RunningEntry(const RunningEntry&) = delete;
    RunningEntry& operator=(const RunningEntry&) = delete;

    ~RunningEntry() {
        if (running_[core_] == &response_) {
            running_[core_] = nullptr;
        } else if (response_.request().left_core) {
            upgraded_.erase(response_.request().runner);
        }
    }

  private:
    std::vector<Response*>& running_;
    Upgraded& upgraded_;
    Response& response_;
    std::uint32_t core_;
};

RequestRunner::RequestRunner(const Interpreter& python, worker::Worker& worker,
                             EnvironMaker& environs, const WsgiTypes& types,
                             const Applications& applications)
    : python_(python),
      worker_(worker),
      environs_(environs),
      types_(types),
      applications_(applications),
      fault_page_(python.boot("fault_page")),
      greenlet_exit_(imported("greenlet", "GreenletExit")),
      request_timeout_(imported("geventd", "RequestTimeout")),
      asyncio_name_(checked(PyUnicode_InternFromString("asyncio.events"))) {}

// Warns once when a request begins while an event loop of asyncio waits in another greenlet: to
// asyncio it runs in this thread, so the request cannot run one.
void RequestRunner::look_for_asyncio() noexcept {
    if (!running_loop_) {
        PyObject* const events =
            PyDict_GetItemWithError(PyImport_GetModuleDict(), asyncio_name_.get());
        running_loop_ = events != nullptr
                            ? Ref::steal(PyObject_GetAttrString(events, "_get_running_loop"))
                            : Ref();
    }
    const Ref loop = running_loop_ ? Ref::steal(PyObject_CallNoArgs(running_loop_.get())) : Ref();
    PyErr_Clear();
    if (loop && loop.get() != Py_None && worker_.accounts().hints().take(worker::Hint::Asyncio)) {
        log::warning(
            "a request begins while another greenlet runs an event loop of asyncio: asyncio allows "
            "one in a thread at a time, so asyncio.run() and async views fail in requests that run "
            "at the same time in one worker (docs/python.md, \"asyncio\")");
    }
}

void RequestRunner::run(worker::Request& request) noexcept {
    const Ref start_response = types_.start_response.make(request);
    if (!start_response) {
        PyErr_WriteUnraisable(nullptr);
        request.exchange->finish(false);
        return;
    }
    if (!worker_.accounts().hints().was_told(worker::Hint::Asyncio)) {
        look_for_asyncio();
    }
    std::optional<RunningEntry> entry;
    bool complete = false;
    try {
        entry.emplace(running_, upgraded_, response_of(start_response.get()));
        complete = await_end(request, start_response.get()) &&
                   !response_of(start_response.get()).has_failed();
        if (after_request_) {
            await_after_request(request);
        }
        if (ended_) {
            ended_(request);
        }
    } catch (const std::bad_alloc&) {
        PyErr_Clear();
        worker_.accounts().out_of_memory();
    }
    if (request.upgraded) {
        upgrader_->ended(request);
        request.upgraded->application_ended(complete);
    } else {
        request.exchange->finish(complete);
    }
}

void RequestRunner::leave_core(const worker::Request& request) {
    Response*& entry = running_[request.core];
    upgraded_.emplace(request.runner, entry);
    entry = nullptr;
}

Response* RequestRunner::find(const worker::Greenlet* greenlet) const {
    if (const auto upgraded = upgraded_.find(greenlet); upgraded != upgraded_.end()) {
        return upgraded->second;
    }
    for (Response* response : running_) {
        if (response != nullptr && response->request().runner == greenlet) {
            return response;
        }
    }
    return nullptr;
}

// A failing hook is logged but does not fail the request.
void RequestRunner::await_after_request(const worker::Request& request) {
    const Ref hook = Ref::borrow(after_request_.get());
    const Ref result = Ref::steal(PyObject_CallNoArgs(hook.get()));
    python_.end_if_forked();
    if (const Ref exception = take_exception()) {
        log::error("uwsgi.after_req_hook failed after {} {}:\n{}", request.head.method,
                   request.path_info, traceback_text(exception.get()));
    }
}

bool RequestRunner::await_end(worker::Request& request, PyObject* start_response) {
    return await_answer(request, start_response) || await_failure(request, start_response);
}

Ref RequestRunner::make_fault_page() const {
    const std::string& text = worker_.fault();
    const Ref shown = Ref::steal(
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
    return shown ? Ref::steal(PyObject_CallOneArg(fault_page_.get(), shown.get())) : Ref();
}

bool RequestRunner::await_answer(worker::Request& request, PyObject* start_response) {
    Ref fault;
    if (!worker_.fault().empty()) {
        fault = make_fault_page();
        if (!fault) {
            return false;
        }
    }
    const auto choice =
        fault ? Applications::Choice{fault.get(), 0} : applications_.choose(request);
    if (!choice) {
        return response_of(start_response)
            .await_send_error(404, "no application is mounted at this path");
    }
    const Ref input = types_.input.make(request);
    const Ref hints = input ? make_early_hints(start_response) : Ref();
    Ref environ =
        hints ? environs_.make(request, {input.get(), hints.get()}, choice->prefix) : Ref();
    if (!environ) {
        return false;
    }
    if ((request.head.upgrade || request.head.about_upgrade) && upgrader_ != nullptr) {
        const http::Rejection refused = upgrader_->prepare(request, environ.get());
        if (refused.status != 0 || PyErr_Occurred() != nullptr) {
            return refused.status != 0 &&
                   response_of(start_response).await_send_error(refused.status, refused.reason);
        }
    }
    PyObject* arguments[] = {environ.get(), start_response};
    const Ref result = Ref::steal(PyObject_Vectorcall(choice->callable, arguments, 2, nullptr));
    python_.end_if_forked();
    environ.reset();
    if (!result) {
        return is_end_of_raw(request);
    }
    const bool sent = await_result(request, start_response, result.get());
    if (!is_plain_sequence(result.get())) {
        await_close(python_, request, result.get());
    }
    return sent;
}

bool RequestRunner::await_result(worker::Request& request, PyObject* start_response,
                                 PyObject* result) {
    Response& response = response_of(start_response);
    if (response.head_sent()) {
        return await_pieces(request, response, result);
    }
    if (is_whole(result)) {
        return await_send_whole(response, result);
    }
    if (const auto file = types_.file_wrapper.sendable(result)) {
        return response.await_send_file(file->fd, file->offset, file->count);
    }
    return await_pieces(request, response, result);
}

bool RequestRunner::await_pieces(const worker::Request& request, Response& response,
                                 PyObject* result) {
    bool told_of_none = false;
    if (is_bare_block(result)) {
        const Ref whole = block_bytes(result);
        PyObject* const bytes = whole.get();
        if (bytes == nullptr || !response.head_sent()) {
            return bytes != nullptr && response.await_send_all(bytes, {&bytes, 1});
        }
        return response.await_send(bytes) && response.await_end();
    }
    const Ref iterator = Ref::steal(PyObject_GetIter(result));
    python_.end_if_forked();
    if (!iterator) {
        return is_ignored(request);
    }
    for (;;) {
        const Ref item = Ref::steal(PyIter_Next(iterator.get()));
        python_.end_if_forked();
        if (!item) {
            return PyErr_Occurred() == nullptr && response.await_end();
        }
        if (item.get() == Py_None && !std::exchange(told_of_none, true)) {
            log::warning("{} {}: the application yielded None, which is skipped",
                         request.head.method, request.path_info);
        }
        if (!await_send_item(response, item.get())) {
            return false;
        }
    }
}

// Logs what went wrong, and returns what to tell the client.
http::Rejection RequestRunner::explain(const worker::Request& request, PyObject* exception) {
    if (const int refused = types_.input.status_of_error(exception); refused != 0) {
        const http::Rejection& rejection = request.body.rejection();
        log::info("refused the body of {} {}: {} {}", request.head.method, request.path_info,
                  refused, rejection.reason);
        return {refused, rejection.reason};
    }
    const bool is_exit = PyErr_GivenExceptionMatches(exception, greenlet_exit_.get()) != 0;
    const bool is_late = request.limit.stage() != worker::TimeLimit::Stage::Running;
    if ((is_exit && is_late) ||
        PyErr_GivenExceptionMatches(exception, request_timeout_.get()) != 0) {
        return {504, "the request took too long"};
    }
    if (is_exit) {
        log::warning("{} {} was ended by GreenletExit (request {})", request.head.method,
                     request.path_info, request.id);
        return {503, "the request was ended"};
    }
    worker_.accounts().application_failed(request, exception_text(exception),
                                          exception_place(exception), worker_.epoch());
    log::error("{} {} failed (request {}):\n{}", request.head.method, request.path_info, request.id,
               traceback_text(exception));
    return {500, "the application failed"};
}

// What an application returns after an upgrade has no meaning, be it iterable or not.
bool RequestRunner::is_ignored(const worker::Request& request) {
    const bool ignored = request.left_core || request.was_refused_upgrade;
    if (ignored) {
        PyErr_Clear();
    }
    return ignored;
}

// Libraries that speak WebSocket on a socket of gunicorn's end the request by StopIteration.
bool RequestRunner::is_end_of_raw(const worker::Request& request) {
    if (!request.left_core || PyErr_ExceptionMatches(PyExc_StopIteration) == 0) {
        return false;
    }
    PyErr_Clear();
    return true;
}

// Whether an exception means no more than that the client has left, or is sent away.
bool RequestRunner::is_of_the_end(const worker::Request& request, PyObject* exception) const {
    const bool has_begun = request.upgraded && request.upgraded->has_begun();
    if (has_begun || request.was_refused_upgrade) {
        return (!has_begun || request.upgraded->is_closed()) && exception != nullptr &&
               upgrader_->is_of_the_end(exception);
    }
    return request.exchange->broken();
}

void RequestRunner::await_refusal(const worker::Request& request, PyObject* exception) const {
    const std::string_view reason = request.no_upgrade.reason;
    Response* const response = request.runner == nullptr ? nullptr : find(request.runner);
    if (response == nullptr || response->head_sent() || response->await_refusal()) {
        const Ref text = Ref::steal(
            PyUnicode_FromStringAndSize(reason.data(), static_cast<Py_ssize_t>(reason.size())));
        PyErr_SetObject(exception, text.get());
    }
}

bool RequestRunner::await_failure(worker::Request& request, PyObject* start_response) {
    const Ref exception = take_exception();
    if (is_of_the_end(request, exception.get())) {
        if (request.exchange->broken()) {
            worker_.accounts().client_left(request);
        }
        return request.was_refused_upgrade;
    }
    if (!exception) {
        log::error("{} {} failed without saying why", request.head.method, request.path_info);
        return false;
    }
    const bool is_vain =
        request.no_upgrade.status != 0 && upgrader_->is_of_the_end(exception.get());
    const http::Rejection told = is_vain ? request.no_upgrade : explain(request, exception.get());
    Response& response = response_of(start_response);
    // Libraries look at the version themselves.
    const bool is_refusal = is_vain || (told.status == 500 && request.no_upgrade.status != 0);
    if (response.head_sent() ||
        !(is_refusal ? response.await_refusal()
                     : response.await_send_error(told.status, told.reason))) {
        PyErr_Clear();
        return false;
    }
    return true;
}

}  // namespace geventd::py
