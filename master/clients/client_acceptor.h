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

/// Accepts the clients of one socket that the master itself serves, even when the process has no
/// descriptors left. A failure to accept is logged once and retried every second.
/// Lives in: master.
class ClientAcceptor {
  public:
    /// Takes a client. If this throws std::bad_alloc, the client is dropped and the master goes
    /// on.
    using Admit = std::function<void(UniqueFd fd)>;

    /// `name` is the socket's name for the log.
    ClientAcceptor(event::Loop& loop, event::DeadlineClock& clock, std::string name, Admit admit);
    ClientAcceptor(const ClientAcceptor&) = delete;
    ClientAcceptor& operator=(const ClientAcceptor&) = delete;

    ~ClientAcceptor() { forget(); }

    /// Accepts from this listening socket from now on. Call forget() before closing it.
    void open(int listening);

    /// Stops accepting until resume(); clients wait in the kernel's queue.
    void hold();

    void resume() { open(listening_); }

    [[nodiscard]] bool is_accepting() const { return io_.active(); }

    /// Stops using that socket.
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
    bool told_ = false;  ///< it was logged why nothing can be accepted
};

}  // namespace geventd::master
