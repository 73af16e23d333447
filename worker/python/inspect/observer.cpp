// SPDX-License-Identifier: MIT
#include "worker/python/inspect/observer.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <utility>

#include "base/errno_error.h"
#include "base/no_signals.h"
#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/base/interpreter.h"
#include "worker/python/hub/hub_bridge.h"
#include "worker/python/inspect/gil.h"

namespace geventd::py {

namespace {

// How long the GIL is held at most, and how many milliseconds it is released in between.
constexpr Duration kHold = std::chrono::milliseconds(2);
constexpr int kPause = 1;

// Whether the master has stopped waiting for the answer; looks for `patience` milliseconds.
bool has_left(const ipc::Channel& asker, int patience) {
    pollfd state{asker.fd(), 0, 0};
    return ::poll(&state, 1, patience) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

// None if the installed version does not have the attribute.
Ref attribute_of(const char* module, const char* type, const char* name) {
    Ref attribute = Ref::steal(PyObject_GetAttrString(imported(module, type).get(), name));
    PyErr_Clear();
    return attribute ? std::move(attribute) : Ref::borrow(Py_None);
}

std::string folder_of_gevent() {
    const Ref file = imported("gevent", "__file__");
    const char* text = PyUnicode_AsUTF8(file.get());
    if (text == nullptr) {
        throw_pending();
    }
    const std::string path = text;
    return path.substr(0, path.rfind('/') + 1);
}

UniqueFd written(const std::string& text) {
    UniqueFd file = UniqueFd::adopt(::memfd_create("geventd-report", MFD_CLOEXEC));
    std::size_t done = 0;
    while (file && done < text.size()) {
        const ssize_t count = ::write(file.get(), text.data() + done, text.size() - done);
        if (count < 0) {
            throw_errno("write a report");
        }
        done += static_cast<std::size_t>(count);
    }
    return file;
}

}  // namespace

Observer::Observer(const Interpreter& python, const HubBridge& bridge,
                   const RequestRunner& requests, const HandlerRunner& handlers)
    : sources_{bridge,
               requests,
               handlers,
               imported("gc", "get_objects"),
               python.boot("frozen_greenlets"),
               imported("sys", "_current_frames"),
               imported("gevent", "Greenlet"),
               attribute_of("greenlet", "greenlet", "gr_frame"),
               attribute_of("gevent", "Greenlet", "spawning_stack"),
               folder_of_gevent()},
      channel_(UniqueFd()),
      process_(::getpid()) {
    auto [ours, theirs] = ipc::Channel::make_pair();
    channel_ = std::move(ours);
    masters_end_ = theirs.release();
    const NoSignals masked;
    thread_ = std::thread([this] { run(); });
}

Observer::~Observer() {
    if (::getpid() != process_) {
        thread_.detach();  // a process that the application forked has no such thread
        return;
    }
    ::shutdown(channel_.fd(), SHUT_RDWR);
    const GilPause pause;  // the thread may need the GIL in order to end
    thread_.join();
}

void Observer::run() noexcept {
    try {
        for (auto question = channel_.wait(); question && *question; question = channel_.wait()) {
            answer(**question);
        }
    } catch (const std::exception& error) {
        log::error("nobody can look into this worker any more: {}", error.what());
    }
}

void Observer::answer(ipc::Message& question) const {
    if (question.type != ipc::MessageType::Look || question.fds.empty()) {
        return;
    }
    ipc::Channel asker(std::move(question.fds[0]));
    Report report;
    if (!look(question, asker, report)) {
        return;
    }
    ipc::Message answer;
    answer.type = ipc::MessageType::Look;
    const auto sight = static_cast<ipc::Sight>(question.value);
    answer.fds.push_back(written(sight == ipc::Sight::ForLog ? to_text(report) : to_json(report)));
    // The master may have stopped waiting.
    [[maybe_unused]] const auto sent = asker.send(answer);
}

// False: the master does not wait any more.
bool Observer::look(const ipc::Message& question, const ipc::Channel& asker, Report& report) const {
    const Gil gil;
    if (has_left(asker, 0)) {
        return false;
    }
    const auto sight = static_cast<ipc::Sight>(question.value);
    Census census(sources_, {sight == ipc::Sight::ForLog, question.text});
    census.begin();
    while (census.go_on(kHold)) {
        const GilPause pause;
        if (has_left(asker, kPause)) {
            return false;  // destroys the pause before the census, which needs the GIL
        }
    }
    report = census.take();
    return true;
}

}  // namespace geventd::py
