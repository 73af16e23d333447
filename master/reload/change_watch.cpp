// SPDX-License-Identifier: MIT
#include "master/reload/change_watch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "log/escape.h"
#include "log/logger.h"

namespace geventd::master {

namespace {

// Long enough for what belongs together, and not felt.
constexpr Duration kMoment = std::chrono::milliseconds(100);

}  // namespace

ChangeWatch::ChangeWatch(event::Loop& loop, event::DeadlineClock& clock, OnChange on_change)
    : io_(loop),
      pauses_(
          clock, kMoment,
          [](void* self, event::Deadline&) noexcept { static_cast<ChangeWatch*>(self)->tell(); },
          this),
      on_change_(std::move(on_change)) {
    io_.bind<ChangeWatch, &ChangeWatch::on_event>(this);
}

void ChangeWatch::watch(const std::vector<std::string>& paths) {
    for (auto known = ids_.begin(); known != ids_.end();) {
        if (std::find(paths.begin(), paths.end(), known->first) == paths.end()) {
            monitor_.remove(known->second);
            known = ids_.erase(known);
        } else {
            ++known;
        }
    }
    add(paths);
}

void ChangeWatch::add(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        if (ids_.contains(path)) {
            continue;
        }
        try {
            monitor_.add(next_id_, path);
            ids_.emplace(path, next_id_++);
        } catch (const std::exception& error) {
            log::error("changes of {} are not seen: {}", log::escape_controls(path), error.what());
        }
    }
    if (monitor_.fd() >= 0 && !io_.active()) {
        io_.watch(monitor_.fd(), event::Io::kRead);
    }
}

void ChangeWatch::on_event(int) noexcept {
    const auto changed = monitor_.changed();
    if (changed.empty()) {
        return;
    }
    const auto path = std::find_if(ids_.begin(), ids_.end(), [&](const auto& entry) {
        return entry.second == *changed.begin();
    });
    if (path != ids_.end()) {
        changed_ = path->first;
    }
    if (!pause_.pending()) {
        pauses_.start(pause_);
    }
}

void ChangeWatch::tell() noexcept {
    on_change_(changed_);
}

}  // namespace geventd::master
