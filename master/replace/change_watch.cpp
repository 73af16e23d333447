// SPDX-License-Identifier: MIT
#include "master/replace/change_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "log/escape.h"
#include "log/logger.h"
#include "master/host/rights_of.h"

namespace geventd::master {

namespace {

// Long enough to join changes that belong together, too short to be noticed.
constexpr Duration kMoment = std::chrono::milliseconds(100);

// False for times in the future: a file with a wrong timestamp would cause endless reloads.
bool was_written_after(const std::string& path, std::chrono::system_clock::time_point since) {
    struct stat status {};

    if (::stat(path.c_str(), &status) != 0) {
        return false;
    }
    const std::chrono::system_clock::time_point written(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            std::chrono::seconds(status.st_mtim.tv_sec) +
            std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
    return written > since && written <= std::chrono::system_clock::now();
}

}  // namespace

ChangeWatch::ChangeWatch(event::Loop& loop, event::DeadlineClock& clock, OnChange on_change)
    : io_(loop), pause_(clock), on_change_(std::move(on_change)) {
    pause_.bind<&ChangeWatch::tell>(this);
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

void ChangeWatch::add(const std::vector<std::string>& paths, const Identity& rights,
                      std::chrono::system_clock::time_point since) {
    try {
        const RightsOf own(rights);
        for (const std::string& path : paths) {
            if (ids_.contains(path)) {
                continue;
            }
            if (ids_.size() >= kMost) {
                if (!std::exchange(told_of_most_, true)) {
                    log::error("not all changes of files will be seen: {} are watched", kMost);
                }
                break;
            }
            monitor_.add(next_id_, path, rights);
            ids_.emplace(path, next_id_++);
            if (was_written_after(path, since)) {
                note(path);
            }
        }
    } catch (const std::exception& error) {
        log::error("not all changes of files will be seen: {}", error.what());
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
    note(path == ids_.end() ? "a file" : path->first);
}

void ChangeWatch::note(const std::string& path) {
    changed_ = path;
    pause_.start_unless_pending(kMoment);
}

void ChangeWatch::tell() noexcept {
    on_change_(changed_);
}

}  // namespace geventd::master
