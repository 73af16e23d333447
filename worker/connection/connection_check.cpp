// SPDX-License-Identifier: MIT
// Connection: checks that it is watched and has a deadline, as the comment of the class demands.
#include "worker/connection/connection.h"
#include "worker/connection/context.h"

namespace geventd::worker {

std::string_view Connection::neglect() const {
    const bool running = state_ == State::Running;
    const bool queued = state_ == State::Queued;
    const bool sending = state_ == State::Sending;
    const bool writer = (running && request_->writer) || ((running || sending) && is_sending());
    const bool reader = running && request_->reader;
    const ConnectionLimits& limits = context_.limits;
    bool limited = true;  // the connection's wait has a time limit
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
            limited = is_upgraded() ? writer && limits.stream_write_time != Duration::max()
                      : writer      ? !limits.write.is_off()
                               : reader && !limits.body.is_off() && !request_->body.is_stream();
            break;
        case State::Sending:
            limited = !is_sending() || !limits.write.is_off();
            break;
        case State::Queued:
        case State::Serving:
        case State::Lent:
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
    const bool waits_for_client = state_ == State::Idle || state_ == State::ReadingHead ||
                                  state_ == State::ReadingBody || state_ == State::Lingering;
    if ((reader || waits_for_client) && !is_watched(event::Io::kRead)) {
        return "waits for its client and is not watched";
    }
    if ((reader || waits_for_client) && has_unread() && !reads_on_) {
        return "has received bytes that nobody reads";
    }
    if (writer != is_watched(event::Io::kWrite)) {
        return writer ? "waits for room and is not watched" : "is watched for room in vain";
    }
    return limited && !pending() ? "waits for its client without a deadline" : "";
}

}  // namespace geventd::worker
