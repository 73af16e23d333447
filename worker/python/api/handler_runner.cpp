// SPDX-License-Identifier: MIT
#include "worker/python/api/handler_runner.h"

#include <utility>

#include "log/logger.h"
#include "worker/python/base/bound_function.h"
#include "worker/python/base/error.h"
#include "worker/python/base/greenlet_object.h"

namespace geventd::py {

namespace {

constexpr char kSignalName[] = "geventd_signal";

}  // namespace

HandlerRunner::HandlerRunner(const Interpreter& python, HubBridge& bridge, const SignalBook& book,
                             LockWaits& locks)
    : python_(python), bridge_(bridge), book_(book), locks_(locks) {
    request_timeout_ = imported("geventd", "RequestTimeout");
    run_function_ = bound_function<kSignalName, &HandlerRunner::run_started>(this);
}

worker::Overlap HandlerRunner::overlap(std::uint8_t number) const noexcept {
    return book_.of(number).overlap;
}

void HandlerRunner::start(worker::HeldSignal& signal) noexcept {
    starting_ = &signal;
    if (!bridge_.launch(run_function_.get())) {
        PyErr_WriteUnraisable(run_function_.get());
        starting_ = nullptr;
        signals_->finished(signal, true);
    }
}

void HandlerRunner::run_started() noexcept {
    run(*std::exchange(starting_, nullptr));
}

void HandlerRunner::run(worker::HeldSignal& signal) {
    const std::uint8_t number = signal.claim.routing.number;
    const Ref greenlet = bridge_.current_greenlet();
    signal.runner = greenlet_of(greenlet.get());
    running_[signal.runner] = &signal;
    const Ref handler = book_.of(number).handler.copy();
    const Ref argument = Ref::steal(PyLong_FromLong(number));
    // That this worker has a handler stands in shared memory, where anybody can have written it.
    if (!handler) {
        PyErr_SetString(PyExc_RuntimeError, "this worker has no handler for the signal");
    }
    const Ref result = handler && argument
                           ? Ref::steal(PyObject_CallOneArg(handler.get(), argument.get()))
                           : Ref();
    python_.end_if_forked();
    running_.erase(std::exchange(signal.runner, nullptr));
    locks_.handler_ended(greenlet.get(), number);
    if (result) {
        signals_->finished(signal, false);
        return;
    }
    const Ref exception = take_exception();
    if (cut_off_) {
        signal.limit.reset();  // the hub goes on to turn until the worker has ended
        log::warning("the handler of signal {} was cut off by the end of its worker", number);
        return;
    }
    const bool told = exception && signal.limit.stage() != worker::TimeLimit::Stage::Running &&
                      PyErr_GivenExceptionMatches(exception.get(), request_timeout_.get()) != 0;
    if (!told) {
        log::error("the handler of signal {} failed:\n{}", number,
                   exception ? traceback_text(exception.get()) : "an unknown Python error");
    }
    if (exception) {
        signals_->note_failure(signal, exception_text(exception.get()),
                               exception_place(exception.get()));
    }
    signals_->finished(signal, true);
}

worker::HeldSignal* HandlerRunner::current() const {
    const auto found = running_.find(greenlet_of(bridge_.current_greenlet().get()));
    return found == running_.end() ? nullptr : found->second;
}

void HandlerRunner::granted(unsigned lock, std::uint64_t ticket) noexcept {
    locks_.granted(lock, ticket);
}

}  // namespace geventd::py
