// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "config/settings.h"
#include "master/replace/change_watch.h"

namespace geventd::master {

/// The files whose change reloads the server: those of `reload.touch` and, with
/// `app.reload-on-change`, the configuration file and the application's source files, which
/// workers report when they have imported them.
/// Lives in: master.
class WatchedFiles {
  public:
    /// `tenant`: the user that workers run as. Files that workers report are watched with its
    /// rights.
    WatchedFiles(event::Loop& loop, event::DeadlineClock& clock, const Identity& tenant,
                 const ChangeWatch::OnChange& on_change)
        : tenant_(tenant), touched_(loop, clock, on_change), sources_(loop, clock, on_change) {}

    /// A generation is about to start. A source file that it reports and that is written after
    /// this moment counts as changed.
    void on_start(const config::Settings& settings);

    /// The generation with these settings serves.
    void on_serving(const config::Settings& settings);

    /// Workers have imported these files; each path ends with a NUL.
    void add_sources(const std::string& paths);

  private:
    const Identity& tenant_;
    ChangeWatch touched_;
    ChangeWatch sources_;
    std::chrono::system_clock::time_point started_;
    bool newest_wants_sources_ = false;   ///< of the newest generation, which may not serve yet
    bool serving_wants_sources_ = false;  ///< of the serving generation
};

}  // namespace geventd::master
