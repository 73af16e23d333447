// SPDX-License-Identifier: MIT
#include "log/logger.h"
#include "master/master.h"

// Where those who watch the server ask.

namespace geventd::master {

void Master::open_metrics() {
    metrics_.reset();
    if (!settings_.metrics.listen) {
        return;
    }
    MetricsServer::Options options;
    options.address = *settings_.metrics.listen;
    metrics_ = std::make_unique<MetricsServer>(
        loop_, clock_, std::move(options),
        PageSource{[this] { return status(); }, [this] { return full_status(); },
                   [this] { return settings_.metrics.saturation; }});
    metrics_address_ = settings_.metrics.listen;
    log::info("metrics at {}", metrics_->address());
}

// A server that serves does not end because nobody can watch it.
void Master::renew_metrics() noexcept {
    if (!leads()) {
        return metrics_.reset();
    }
    if (metrics_ != nullptr && metrics_address_ == settings_.metrics.listen) {
        return;
    }
    try {
        open_metrics();
    } catch (const std::exception& error) {
        log::error("metrics: {}", error.what());
    }
}

}  // namespace geventd::master
