// SPDX-License-Identifier: MIT
#include "log/logger.h"
#include "master/master.h"

// Those who watch the server.

namespace geventd::master {

PageSource Master::page_source() {
    return {
        .status = [this] { return status(); },
        .full_status = [this] { return full_status(); },
        .cores = [this] { return supervisor_.cores(); },
        .requests = [this] { return requests(); },
        .history = [this]() -> const std::deque<HistoryPoint>& { return history(); },
        .saturation = [this] { return settings_.metrics.saturation; },
    };
}

// A server that serves does not end because nobody can watch it.
void Master::renew_watchers() noexcept {
    if (!leads()) {
        return watchers_.close();
    }
    watchers_.renew(settings_.metrics);
}

}  // namespace geventd::master
