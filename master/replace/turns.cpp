// SPDX-License-Identifier: MIT
#include "master/replace/turns.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "log/logger.h"

namespace geventd::master {

namespace {

template <typename Kinds, typename Predicate>
auto first_of(const Kinds& kinds, Predicate is_it) {
    const auto found = std::find_if(kinds.begin(), kinds.end(), is_it);
    return found == kinds.end() ? nullptr : *found;
}

}  // namespace

Turns::Asked Turns::ask(Kind& kind, Replacement::Done done) {
    kind.record().queue(std::move(done));
    if (handed_over_) {
        kind.record().answer_queued(*handed_over_);
        return Asked::Answered;
    }
    if (closed_) {
        kind.record().refuse(*closed_);
        return Asked::Answered;
    }
    if (const Kind* busy = running()) {
        log::info("{} is being started; {}", busy->words().started, kind.words().queued);
        return Asked::Queued;
    }
    kind.begin();
    return Asked::Begun;
}

bool Turns::next() {
    Kind* kind = queued();
    if (kind != nullptr) {
        kind->begin();
    }
    return kind != nullptr;
}

void Turns::supersede() {
    Kind* slow = first_of(kinds_, [](const Kind* kind) { return kind->is_slow(); });
    Kind* newer = queued();
    if (slow == nullptr || newer == nullptr || !newer->is_sound()) {
        return;
    }
    log::warning("{} takes the place of {} that is still loading", newer->words().newer,
                 slow->words().newest);
    slow->give_up(fmt::format("{} took its place: it was still loading", newer->words().newer));
}

void Turns::close(const std::string& reason) {
    closed_ = reason;
    for (Kind* kind : kinds_) {
        kind->record().refuse(reason);
    }
}

void Turns::hand_over(const ReloadStatus& outcome) {
    handed_over_ = outcome;
    for (Kind* kind : kinds_) {
        kind->record().answer_queued(outcome);
    }
}

Turns::Kind* Turns::running() const {
    return first_of(kinds_, [](const Kind* kind) { return kind->is_busy(); });
}

Turns::Kind* Turns::queued() const {
    return first_of(kinds_, [](Kind* kind) { return kind->record().is_queued(); });
}

}  // namespace geventd::master
