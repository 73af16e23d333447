// SPDX-License-Identifier: MIT
#include "master/metrics/metrics_server.h"

#include <exception>
#include <new>
#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"
#include "net/peer.h"

namespace geventd::master {

namespace {

constexpr auto kRest = std::chrono::seconds(1);

}  // namespace

MetricsServer::MetricsServer(event::Loop& loop, event::DeadlineClock& clock, Options options,
                             Pages pages)
    : options_(std::move(options)),
      pages_(std::move(pages)),
      loop_(loop),
      deadlines_(clock, options_.patience),
      rest_(clock),
      listener_(net::Listener::open(options_.address, {.backlog = 64, .access = {}})),
      io_(loop) {
    deadlines_.bind_items<&MetricsConnection::on_due>();
    rest_.bind<&MetricsServer::on_rested>(this);
    io_.bind<MetricsServer, &MetricsServer::on_acceptable>(this);
    io_.watch(listener_.fd(), event::Io::kRead);
}

MetricsServer::~MetricsServer() {
    io_.forget();
    listener_.unlink_own();
}

void MetricsServer::on_acceptable(int) noexcept {
    auto accepted = reserve_.accept(listener_.fd());
    if (accepted && *accepted) {
        told_ = false;
        try {
            return admit(std::move((*accepted)->fd));
        } catch (const std::bad_alloc&) {
            return;  // closed again: the master goes on
        }
    }
    if (!accepted && accepted.error().kind != net::AcceptError::Kind::Transient) {
        // The socket stays readable: without a rest the loop would spin.
        if (!std::exchange(told_, true)) {
            log::warning("metrics: accept: {}; it is tried again every second",
                         errno_text(accepted.error().code));
        }
        io_.stop();
        loop_.refresh_now();
        rest_.start(kRest);
    }
}

void MetricsServer::admit(UniqueFd fd) {
    if (connections_.size() >= options_.max_clients) {
        connections_.erase(connections_.begin());
        reserve_.refill();
    }
    const std::uint64_t id = next_id_++;
    MetricsConnection& connection =
        *(connections_[id] = std::make_unique<MetricsConnection>(
              MetricsConnection::Context{loop_, deadlines_, *this}, id, std::move(fd)));
    if (options_.unasked) {
        try {
            connection.tell(pages_("", "").body);
        } catch (const std::exception& error) {
            log::error("metrics: {}", error.what());
            on_finished(connection);
        }
    }
}

void MetricsServer::on_rested() noexcept {
    io_.watch(listener_.fd(), event::Io::kRead);
}

void MetricsServer::on_finished(MetricsConnection& connection) noexcept {
    connections_.erase(connection.id());
    reserve_.refill();
}

}  // namespace geventd::master
