// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/deadlines.h"
#include "event/loop.h"
#include "master/clients/client_acceptor.h"
#include "master/clients/client_list.h"
#include "master/metrics/host_rule.h"
#include "master/metrics/metrics_connection.h"
#include "master/metrics/page.h"
#include "net/listener.h"

namespace geventd::master {

/// Answers monitoring clients (Prometheus, load balancers, browsers) in the master itself, which
/// never blocks: so it answers even when all cores are busy or a hub is blocked. Slow and silent
/// clients are dropped, and the oldest of too many, so that none can keep others out.
/// Lives in: master.
class MetricsServer final : private Client::Owner {
  public:
    struct Options {
        net::Address address;
        Duration patience = std::chrono::seconds(5);  ///< to receive a request; to send an answer
        std::size_t max_clients = 64;
        bool unasked = false;  ///< clients send no request and get only the body
    };

    using Pages = MetricsConnection::Pages;

    /// Throws ErrnoError that names the address when it cannot listen there.
    MetricsServer(event::Loop& loop, event::DeadlineClock& clock, Options options, Pages pages);
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    /// Closes the socket, and removes a unix socket's file if it is still ours.
    ~MetricsServer();

    /// Its address with the actual port.
    [[nodiscard]] std::string address() const { return net::format_address(listener_.actual()); }

    /// Sets the names of `metrics.hosts`; none at first.
    void allow(const std::vector<std::string>& hosts) { hosts_ = {options_.address, hosts}; }

    /// True when its unix socket's file was removed.
    [[nodiscard]] bool is_lost() const noexcept { return listener_.is_lost(); }

  private:
    void admit(UniqueFd fd);
    void on_finished(Client& client) noexcept override;

    Options options_;
    Pages pages_;
    HostRule hosts_;
    event::Loop& loop_;
    event::DeadlineList deadlines_;
    net::Listener listener_;
    ClientAcceptor acceptor_;
    ClientList<MetricsConnection> clients_;
};

}  // namespace geventd::master
