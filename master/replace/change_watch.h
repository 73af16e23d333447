// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "event/loop.h"
#include "event/timer.h"
#include "master/schedule/file_monitor.h"

namespace geventd::master {

/// Watches files whose change asks for a reload. Changes within a moment, as when an editor saves
/// a file or a tool checks out many, are reported once.
/// Lives in: master.
class ChangeWatch {
  public:
    /// `path` is one of the files that have changed.
    using OnChange = std::function<void(const std::string& path)>;

    ChangeWatch(event::Loop& loop, event::DeadlineClock& clock, OnChange on_change);

    /// Watches these paths and no others. Logs a path that cannot be watched.
    void watch(const std::vector<std::string>& paths);

    /// The most paths that are watched, far more than an application has modules.
    static constexpr std::size_t kMost = 50'000;

    /// Also watches these, using only the file access rights of the user that named them. A file
    /// written after `since` counts as changed.
    void add(
        const std::vector<std::string>& paths, const Identity& rights = {},
        std::chrono::system_clock::time_point since = std::chrono::system_clock::time_point::max());

  private:
    void on_event(int events) noexcept;
    void note(const std::string& path);
    void tell() noexcept;

    FileMonitor monitor_;
    std::map<std::string, std::uint64_t> ids_;
    bool told_of_most_ = false;
    std::uint64_t next_id_ = 1;
    event::Io io_;
    event::Timer pause_;
    std::string changed_;
    OnChange on_change_;
};

}  // namespace geventd::master
