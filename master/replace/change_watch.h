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

/// Files whose change asks for a reload. What happens within a moment, as when an editor writes a
/// file or a tool checks out many, is told once.
/// Lives in: master.
class ChangeWatch {
  public:
    /// `path` is one of those that have changed.
    using OnChange = std::function<void(const std::string& path)>;

    ChangeWatch(event::Loop& loop, event::DeadlineClock& clock, OnChange on_change);

    /// Watches these and no others. A path that cannot be watched is logged.
    void watch(const std::vector<std::string>& paths);

    /// So many paths at once, far more than modules of an application.
    static constexpr std::size_t kMost = 50'000;

    /// Watches these too, with the rights of who has named them. One that was written after `since`
    /// counts as changed.
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
