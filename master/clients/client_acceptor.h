// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "base/fd.h"
#include "event/deadlines.h"
#include "event/loop.h"
#include "event/timer.h"
#include "net/accept_reserve.h"

namespace geventd::master {

/// Accepts the clients of one socket that the master itself serves, also when the process has no
/// descriptors left. What keeps it from accepting is logged once and tried again every second.
/// Lives in: master.
class ClientAcceptor {
  public:
    /// Takes a client. Where that throws std::bad_alloc the client is let go: the master goes on.
    using Admit = std::function<void(UniqueFd fd)>;

    /// `name` is the socket's, for the log.
    ClientAcceptor(event::Loop& loop, event::DeadlineClock& clock, std::string name, Admit admit);
    ClientAcceptor(const ClientAcceptor&) = delete;
    ClientAcceptor& operator=(const ClientAcceptor&) = delete;

    ~ClientAcceptor() { forget(); }

    /// Accepts from this listening socket from now on. It must not be closed before forget().
    void open(int listening);

    /// Clients wait in the kernel's queue until resume().
    void hold();

    void resume() { open(listening_); }

    [[nodiscard]] bool is_accepting() const { return io_.active(); }

    /// Accepts no more from that socket.
    void forget();

    /// A client's descriptor was closed.
    void on_client_gone() noexcept { reserve_.refill(); }

  private:
    void on_acceptable(int events) noexcept;
    void admit(UniqueFd fd) noexcept;

    void on_rested() noexcept { resume(); }

    event::Loop& loop_;
    std::string name_;
    Admit admit_;
    event::Io io_;
    event::Timer rest_;
    net::AcceptReserve reserve_;
    int listening_ = -1;
    bool told_ = false;  ///< why nothing can be accepted
};

}  // namespace geventd::master
