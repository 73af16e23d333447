// SPDX-License-Identifier: MIT
#include "worker/signals.h"
#include "worker/worker.h"

// How a worker comes to its end.

namespace geventd::worker {

std::vector<RequestRef> Worker::running() const {
    std::vector<RequestRef> requests;
    for (const auto& connection : open_) {
        if (connection->state() == Connection::State::Running) {
            requests.emplace_back(connection->request());
        }
    }
    return requests;
}

bool Worker::drained() const {
    const bool idle = open_.size() == admission_.lost_count() && (signals_ == nullptr || signals_->idle());
    return draining_ && (idle || out_of_time_);
}

void Worker::look_whether_drained() {
    if (draining_) {
        loop_.wake();
    }
}

void Worker::drain(ipc::DrainReason reason) {
    if (!draining_) {
        draining_ = true;
        if (signals_ != nullptr) {
            signals_->drain();
        }
        accepting_ = false;
        for (const auto& acceptor : acceptors_) {
            acceptor->close();
        }
        drain_list_.start(drain_deadline_);
        out_of_time_ = !drain_deadline_.pending();  // a mercy of 0s
    }
    // Backwards: closing one moves the last into its place.
    for (std::size_t i = open_.size(); i-- > 0;) {
        Connection& connection = *open_[i];
        connection.close_after_answer();
        if (reason == ipc::DrainReason::Stop && connection.is_unused()) {
            connection.close();
        }
    }
    loop_.wake();
}

void Worker::on_drain_deadline() noexcept {
    out_of_time_ = true;
}

}  // namespace geventd::worker
