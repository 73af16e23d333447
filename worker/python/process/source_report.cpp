// SPDX-License-Identifier: MIT
#include "worker/python/process/source_report.h"

#include <chrono>
#include <exception>
#include <string_view>

#include "log/logger.h"
#include "worker/python/base/error.h"
#include "worker/python/process/worker_process.h"

namespace geventd::py {

namespace {

constexpr auto kPeriod = std::chrono::seconds(1);

}  // namespace

void SourceReport::send() noexcept {
    try {
        send_all();
    } catch (const std::exception& error) {
        log::error("changes of modules that were imported now are not seen: {}", error.what());
    }
}

void SourceReport::send_all() {
    const Ref texts = python_.call("new_sources");
    for (Py_ssize_t i = 0; i < PyList_Size(texts.get()); ++i) {
        char* bytes = nullptr;
        Py_ssize_t size = 0;
        if (PyBytes_AsStringAndSize(PyList_GetItem(texts.get(), i), &bytes, &size) < 0) {
            throw_pending();
        }
        ipc::Message message;
        message.type = ipc::MessageType::Sources;
        message.text.assign(bytes, static_cast<std::size_t>(size));
        if (const auto sent = channel_.send_within(ipc::kMasterPatience, message); !sent) {
            throw std::runtime_error(sent.error().message);
        }
    }
}

void SourceReport::keep_sending(event::DeadlineClock& clock) {
    timer_.emplace(clock);
    timer_->bind<&SourceReport::on_time>(this);
    timer_->start(kPeriod);
}

void SourceReport::on_time() noexcept {
    send();
    timer_->start(kPeriod);
}

}  // namespace geventd::py
