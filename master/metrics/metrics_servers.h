// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/settings.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "master/metrics/metrics_server.h"
#include "master/metrics/page.h"

namespace geventd::master {

/// The servers at the addresses of `metrics`.
/// Lives in: master.
class MetricsServers {
  public:
    MetricsServers(event::Loop& loop, event::DeadlineClock& clock, PageSource source)
        : loop_(loop), clock_(clock), source_(std::move(source)) {}

    MetricsServers(const MetricsServers&) = delete;
    MetricsServers& operator=(const MetricsServers&) = delete;
    ~MetricsServers() = default;

    /// Opens addresses that are not open yet or were lost, and closes those no longer wanted. If
    /// some cannot be opened, opens the others, throws ErrnoError that names the first, and
    /// have_lost() is true.
    void open(const config::Metrics& settings);

    /// Like open(), but logs a failure, once, as the server goes on without them.
    void renew(const config::Metrics& settings) noexcept;

    /// True when renew() should try again: a unix socket's file was removed, or an address could
    /// not be opened.
    [[nodiscard]] bool have_lost() const noexcept {
        return is_lost(pages_) || is_lost(uwsgi_) || is_lost(agent_);
    }

    void close() noexcept;

  private:
    /// An address and the server that listens there.
    struct Place {
        std::optional<net::Address> address;  ///< as in the configuration
        std::unique_ptr<MetricsServer> server;
    };

    static bool is_lost(const Place& place) noexcept {
        return place.server == nullptr ? place.address.has_value() : place.server->is_lost();
    }

    void open_pages(const config::Metrics& settings);
    void open(Place& place, const std::optional<net::Address>& address, const char* what,
              bool unasked, const MetricsServer::Pages& pages);

    event::Loop& loop_;
    event::DeadlineClock& clock_;
    PageSource source_;
    Place pages_;
    Place uwsgi_;
    Place agent_;
    bool is_serving_ = false;  ///< no time to look for who has an address that is in use
    std::string trouble_;      ///< the last failure logged by renew(); empty: none
};

}  // namespace geventd::master
