// SPDX-License-Identifier: MIT
#include "tls/server.h"

#include <utility>

#include "tls/context.h"
#include "tls/transport.h"

namespace geventd::tls {

namespace {

class OpenSslServer final : public Server {
  public:
    OpenSslServer(const Endpoint& endpoint, const std::vector<TicketKey>& tickets)
        : context_(std::make_shared<Context>(endpoint, tickets)) {}

    std::unique_ptr<net::Transport> accept(Handshakes& handshakes, std::string early,
                                           std::string client) override {
        return std::make_unique<Transport>(context_, handshakes, std::move(early),
                                           std::move(client));
    }

    void seal_with(const std::vector<TicketKey>& tickets) override { context_->seal_with(tickets); }

  private:
    std::shared_ptr<Context> context_;  ///< also of each connection that began with it
};

}  // namespace

std::unique_ptr<Server> make_server(const Endpoint& endpoint,
                                    const std::vector<TicketKey>& tickets) {
    return std::make_unique<OpenSslServer>(endpoint, tickets);
}

}  // namespace geventd::tls
