// SPDX-License-Identifier: MIT
#include "master/observe/failures.h"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace geventd::master {

namespace {

// The text has four lines: id, place, error and request (see worker/requests/accounts.cpp), unless
// the application has overwritten it.
FailureStatus explain(const shm::FailureNote::Note& note) {
    std::string_view left = note.text;
    const auto line = [&left] {
        const std::size_t end = std::min(left.find('\n'), left.size());
        std::string taken(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
        return taken;
    };
    FailureStatus failure;
    const auto now = std::chrono::system_clock::now();
    failure.at = std::chrono::system_clock::from_time_t(
        std::clamp<std::int64_t>(note.at, 0, std::chrono::system_clock::to_time_t(now)));
    failure.id = line();
    failure.where = line();
    failure.error = line();
    failure.request = left;
    return failure;
}

}  // namespace

void Failures::look(const std::vector<GenerationStatus>& generations) {
    for (const GenerationStatus& generation : generations) {
        for (const WorkerStatus& worker : generation.workers) {
            const auto note = board_.slots[worker.slot].failure.read();
            if (!note || worker.pid == 0) {
                continue;
            }
            const Seen now{worker.pid, note->mark};
            if (Seen& seen = seen_[worker.slot]; seen != now) {
                seen = now;
                newest_.push_front(explain(*note));
                newest_.front().worker = worker.number;
                newest_.front().generation = generation.number;
            }
        }
    }
    if (newest_.size() > kMost) {
        newest_.resize(kMost);
    }
}

}  // namespace geventd::master
