// SPDX-License-Identifier: MIT
#include "master/replace/replacement.h"

#include <chrono>
#include <utility>

namespace geventd::master {

namespace {

void tell(const std::vector<Replacement::Done>& waiters, const ReloadStatus& outcome) {
    for (const Replacement::Done& done : waiters) {
        if (done) {
            done(outcome);
        }
    }
}

}  // namespace

void Replacement::queue(Done done) {
    queued_ = true;
    next_.push_back(std::move(done));
}

void Replacement::begin() {
    queued_ = false;
    waiting_ = std::exchange(next_, {});
    newest_.outcome = Outcome::Running;
    newest_.count += 1;
    newest_.reason.clear();
    newest_.goes_on = true;
    newest_.at = std::chrono::system_clock::now();
}

void Replacement::join(std::uint32_t count) {
    newest_.outcome = Outcome::Running;
    newest_.count = count;
}

void Replacement::end(Outcome outcome, const std::string& reason, bool goes_on) {
    if (is_running()) {
        newest_.goes_on = goes_on;
        close(outcome, reason);
        tell(std::exchange(waiting_, {}), newest_);
    }
}

void Replacement::refuse(const std::string& reason) {
    const bool is_awaited = !waiting_.empty() || queued_;
    if (is_awaited) {
        close(Outcome::Failed, reason);
    }
    tell(std::exchange(waiting_, {}), newest_);
    answer_queued(newest_);
}

void Replacement::answer_queued(const ReloadStatus& outcome) {
    queued_ = false;
    tell(std::exchange(next_, {}), outcome);
}

void Replacement::close(Outcome outcome, const std::string& reason) {
    newest_.outcome = outcome;
    newest_.reason = reason;
    newest_.at = std::chrono::system_clock::now();
    past_.push_front(newest_);
    if (past_.size() > kRemembered) {
        past_.pop_back();
    }
}

}  // namespace geventd::master
