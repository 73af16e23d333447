// SPDX-License-Identifier: MIT
#include "master/metrics/metrics_server.h"

#include <exception>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

MetricsServer::MetricsServer(event::Loop& loop, event::DeadlineClock& clock, Options options,
                             Pages pages)
    : options_(std::move(options)),
      pages_(std::move(pages)),
      hosts_(options_.address, {}),
      loop_(loop),
      deadlines_(clock, options_.patience),
      listener_(net::Listener::open(options_.address, {.backlog = 64, .access = {}})),
      acceptor_(loop, clock, "metrics", [this](UniqueFd fd) { admit(std::move(fd)); }) {
    deadlines_.bind_items<&Client::on_due>();
    acceptor_.open(listener_.fd());
}

MetricsServer::~MetricsServer() {
    acceptor_.forget();
    listener_.unlink_own();
}

void MetricsServer::admit(UniqueFd fd) {
    if (clients_.size() >= options_.max_clients) {
        clients_.remove_oldest();
        acceptor_.on_client_gone();
    }
    MetricsConnection& client =
        clients_.add({loop_, deadlines_, *this}, std::move(fd), pages_, hosts_);
    if (options_.unasked) {
        try {
            client.tell(pages_("", "").body);
        } catch (const std::exception& error) {
            log::error("metrics: {}", error.what());
            on_finished(client);
        }
    }
}

void MetricsServer::on_finished(Client& client) noexcept {
    clients_.remove(client.id());
    acceptor_.on_client_gone();
}

}  // namespace geventd::master
