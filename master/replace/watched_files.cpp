// SPDX-License-Identifier: MIT
#include "master/replace/watched_files.h"

#include <vector>

namespace geventd::master {

void WatchedFiles::on_start(const config::Settings& settings) {
    started_ = std::chrono::system_clock::now();
    newest_wants_sources_ = settings.app.reload_on_change;
}

void WatchedFiles::on_serving(const config::Settings& settings) {
    serving_wants_sources_ = settings.app.reload_on_change;
    touched_.watch(settings.reload.touch);
    if (!serving_wants_sources_) {
        sources_.watch({});
    } else if (!settings.source.empty()) {
        sources_.add({settings.source});
    }
}

void WatchedFiles::add_sources(const std::string& paths) {
    if (!serving_wants_sources_ && !newest_wants_sources_) {
        return;  // no generation wants sources
    }
    std::vector<std::string> sources;
    for (std::size_t at = 0, end = 0; (end = paths.find('\0', at)) != std::string::npos;
         at = end + 1) {
        sources.push_back(paths.substr(at, end - at));
    }
    sources_.add(sources, tenant_, started_);
}

}  // namespace geventd::master
