// SPDX-License-Identifier: MIT
#include "master/metrics/metrics_servers.h"

#include <exception>
#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"
#include "master/status/readiness.h"
#include "master/status/uwsgi_stats.h"
#include "net/holder.h"

namespace geventd::master {

void MetricsServers::open(const config::Metrics& settings) {
    std::exception_ptr fault;
    const auto attempt = [&fault](const auto& action) {
        try {
            action();
        } catch (...) {
            fault = fault ? fault : std::current_exception();
        }
    };
    attempt([&] { open_pages(settings); });
    attempt([&] {
        open(uwsgi_, settings.uwsgi_stats, "uWSGI's stats", true, [this](auto, auto) {
            return Page{.body = format_uwsgi_stats(source_.full_status(), source_.cores())};
        });
    });
    attempt([&] {
        open(agent_, settings.agent, "the agent for HAProxy", true, [this](auto, auto) {
            return Page{.body = format_agent(source_.status(), source_.saturation())};
        });
    });
    if (fault) {
        std::rethrow_exception(fault);
    }
}

void MetricsServers::open_pages(const config::Metrics& settings) {
    open(pages_, settings.listen, "metrics", false,
         [this](std::string_view path, std::string_view query) {
             return make_page(path, query, source_);
         });
    if (pages_.server != nullptr) {
        pages_.server->allow(settings.hosts);
    }
}

void MetricsServers::renew(const config::Metrics& settings) noexcept {
    is_serving_ = true;
    try {
        open(settings);
        trouble_.clear();
    } catch (const std::exception& error) {
        if (std::exchange(trouble_, error.what()) != error.what()) {
            log::error("metrics: {}; it is tried again and again", error.what());
        }
    }
}

void MetricsServers::open(Place& place, const std::optional<net::Address>& address,
                          const char* what, bool unasked, const MetricsServer::Pages& pages) {
    if (place.server != nullptr && place.address == address && !is_lost(place)) {
        return;
    }
    place = {address, nullptr};
    if (!address) {
        return;
    }
    MetricsServer::Options options;
    options.address = *address;
    options.unasked = unasked;
    try {
        place.server = std::make_unique<MetricsServer>(loop_, clock_, std::move(options), pages);
    } catch (const ErrnoError& error) {
        throw is_serving_ ? error : net::name_holder(error, *address);
    }
    const std::string shown = place.server->address();
    log::info("{} at {}", what, unasked ? net::without_scheme(shown) : shown);
}

void MetricsServers::close() noexcept {
    pages_ = {};
    uwsgi_ = {};
    agent_ = {};
}

}  // namespace geventd::master
