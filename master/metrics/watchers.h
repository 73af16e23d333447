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

/// Where those who watch the server connect, as `metrics` of the configuration says it.
/// Lives in: master.
class Watchers {
  public:
    Watchers(event::Loop& loop, event::DeadlineClock& clock, PageSource source)
        : loop_(loop), clock_(clock), source_(std::move(source)) {}

    Watchers(const Watchers&) = delete;
    Watchers& operator=(const Watchers&) = delete;
    ~Watchers() = default;

    /// Opens what is not open yet or was lost, and closes what is no longer wanted. Throws
    /// ErrnoError that names the first address that cannot be opened; the others are as they should
    /// be then, and have_lost() is true.
    void open(const config::Metrics& settings);

    /// As open(), for a server that goes on without them: what is wrong is logged, once.
    void renew(const config::Metrics& settings) noexcept;

    /// The file of a unix socket was removed, or an address could not be opened: try again.
    [[nodiscard]] bool have_lost() const noexcept { return is_lost(pages_) || is_lost(uwsgi_); }

    void close() noexcept;

  private:
    /// One address, and what listens there.
    struct Place {
        std::optional<net::Address> address;  ///< as the configuration said it
        std::unique_ptr<MetricsServer> server;
    };

    static bool is_lost(const Place& place) noexcept {
        return place.server == nullptr ? place.address.has_value() : place.server->is_lost();
    }

    void open(Place& place, const std::optional<net::Address>& address, const char* what,
              bool unasked, const MetricsServer::Pages& pages);

    event::Loop& loop_;
    event::DeadlineClock& clock_;
    PageSource source_;
    Place pages_;
    Place uwsgi_;
    std::string trouble_;  ///< what renew() has logged last; "": all is well
};

}  // namespace geventd::master
