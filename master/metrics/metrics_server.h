// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "event/deadlines.h"
#include "event/loop.h"
#include "master/clients/client_acceptor.h"
#include "master/clients/client_list.h"
#include "master/metrics/metrics_connection.h"
#include "master/metrics/page.h"
#include "net/listener.h"

namespace geventd::master {

/// Answers those who watch the server (Prometheus, load balancers, people) in the master itself,
/// which does nothing that takes long: also when all cores are busy or a hub is blocked. Slow and
/// silent clients are dropped, and of too many the oldest, so that none can keep others away.
/// Lives in: master.
class MetricsServer final : private Client::Owner {
  public:
    struct Options {
        net::Address address;
        Duration patience = std::chrono::seconds(5);  ///< for a request, and for an answer's way
        std::size_t max_clients = 64;
        bool unasked = false;  ///< clients send nothing and get the body of the page alone
    };

    using Pages = MetricsConnection::Pages;

    /// Throws ErrnoError that names the address when it cannot listen there.
    MetricsServer(event::Loop& loop, event::DeadlineClock& clock, Options options, Pages pages);
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    /// Closes the socket and removes a unix socket's file, if that is still ours.
    ~MetricsServer();

    /// Where it listens, with the actual port.
    [[nodiscard]] std::string address() const { return net::format_address(listener_.actual()); }

    /// The file of its unix socket was removed.
    [[nodiscard]] bool is_lost() const noexcept { return listener_.is_lost(); }

  private:
    void admit(UniqueFd fd);
    void on_finished(Client& client) noexcept override;

    Options options_;
    Pages pages_;
    event::Loop& loop_;
    event::DeadlineList deadlines_;
    net::Listener listener_;
    ClientAcceptor acceptor_;
    ClientList<MetricsConnection> clients_;
};

}  // namespace geventd::master
