// SPDX-License-Identifier: MIT
#include "master/schedule/crons.h"

#include <algorithm>

namespace geventd::master {

namespace {

constexpr std::time_t kMinute = 60;
constexpr std::time_t kCorrection = kMinute * 180;

/// A clock set back by no more than this must not make an entry fire twice for the same minute.
constexpr std::time_t kAdjustment = kMinute * 2;

constexpr std::time_t minute_of(std::time_t time) {
    return time - time % kMinute;
}

}  // namespace

void Crons::add(std::uint64_t id, const CronEntry& entry, std::time_t now) {
    const auto [at, added] = crons_.insert_or_assign(id, Cron{entry, entry.next_after(now), 0});
    next_is_known_ = next_is_known_ && added;
    const std::optional<std::time_t>& own = at->second.next;
    if (own && (!next_ || *own < *next_)) {
        next_ = own;
    }
}

void Crons::remove(std::uint64_t id) {
    crons_.erase(id);
    next_is_known_ = false;
}

void Crons::start_from(std::time_t moment) {
    seen_ = moment;
    next_is_known_ = false;
    for (auto& [id, cron] : crons_) {
        cron.next = cron.entry.next_after(moment);
    }
}

bool Crons::fires(const Cron& cron, std::time_t now) {
    const std::time_t late = now - *cron.next;
    if (late < kMinute) {
        return true;
    }
    if (cron.entry.every_hour()) {
        return cron.entry.matches(now) && cron.fired != minute_of(now);
    }
    return late <= kCorrection;
}

std::vector<std::uint64_t> Crons::due(std::time_t now) {
    if (now < seen_) {
        follow_back(now);
    }
    seen_ = now;
    next_is_known_ = false;
    std::vector<std::uint64_t> ids;
    for (auto& [id, cron] : crons_) {
        if (!cron.next || *cron.next > now) {
            continue;
        }
        if (fires(cron, now)) {
            ids.push_back(id);
            cron.fired = minute_of(now);
        }
        cron.next = cron.entry.next_after(now);
    }
    return ids;
}

void Crons::follow_back(std::time_t now) {
    for (auto& [id, cron] : crons_) {
        const std::time_t limit = cron.entry.every_hour() ? kAdjustment : kCorrection;
        const bool again = cron.fired - now > limit;
        cron.next = cron.entry.next_after(again ? now : std::max(now, cron.fired));
    }
}

std::optional<std::time_t> Crons::next() {
    if (!next_is_known_) {
        find_next();
    }
    return next_;
}

void Crons::find_next() {
    next_.reset();
    for (const auto& [id, cron] : crons_) {
        if (cron.next && (!next_ || *cron.next < *next_)) {
            next_ = cron.next;
        }
    }
    next_is_known_ = true;
}

}  // namespace geventd::master
