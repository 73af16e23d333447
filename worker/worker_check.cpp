// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "log/logger.h"
#include "worker/worker.h"

// Looks whether every connection is watched, timed or in the hands of its request.

namespace geventd::worker {

std::string_view Connection::neglect() const {
    const bool running = state_ == State::Running;
    const bool queued = state_ == State::Queued;
    const bool writer = running && (request_->writer || is_sending());
    const bool reader = running && request_->reader;
    const ConnectionLimits& limits = worker_.limits();
    bool limited = true;  // there is a limit to its wait
    switch (state_) {
        case State::Idle:
            limited = !limits.header.is_off() && !limits.keep_alive.is_off();
            break;
        case State::ReadingHead:
            limited = !limits.header.is_off();
            break;
        case State::ReadingBody:
            limited = !limits.body.is_off();
            break;
        case State::Running:
            limited = writer ? !limits.write.is_off()
                             : reader && !limits.body.is_off() && !request_->body.is_stream();
            break;
        case State::Queued:
            limited = false;
            break;
        case State::Lingering:
            break;
        case State::Closed:
            return "is closed and still counted";
    }
    if ((running || queued) && request_->exchange != this) {
        return "has lost its request";
    }
    if ((reader || (!running && !queued)) && !is_watched(event::Io::kRead)) {
        return "waits for its client and is not watched";
    }
    if (writer != is_watched(event::Io::kWrite)) {
        return writer ? "waits for room and is not watched" : "is watched for room in vain";
    }
    return limited && !pending() ? "waits for its client without a deadline" : "";
}

std::string Worker::neglect() const {
    const auto holds = [](const auto& list, const Connection& connection) {
        return std::find(list.begin(), list.end(), &connection) != list.end();
    };
    for (const auto& each : open_) {
        const Connection& connection = *each;
        const Connection::State state = connection.state();
        std::string_view fault = connection.neglect();
        if (fault.empty() && (state == Connection::State::Queued) != admission_.waits(connection)) {
            fault = "is not in the queue just when it waits for a core";
        } else if (fault.empty() && state == Connection::State::Idle && connection.has_input() &&
                   !holds(revisits_, connection)) {
            fault = "has received bytes that nobody looks at";
        } else if (fault.empty() && connection.joins_pieces() && !holds(joining_, connection)) {
            fault = "holds pieces of its answer back for ever";
        }
        if (!fault.empty()) {
            return fmt::format("the connection at descriptor {} {}", connection.fd(), fault);
        }
    }
    return "";
}

void Worker::assert_all_attended() const {
#ifndef NDEBUG
    if (const std::string fault = neglect(); !fault.empty()) {
        log::error("a fault in geventd: {}", fault);
        std::abort();
    }
#endif
}

}  // namespace geventd::worker
